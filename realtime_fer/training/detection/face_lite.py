"""Train the FaceLite detector with nothing but torch.

`realtime-fer train face-lite` runs the same code on a CPU and on a GPU: bfloat16 autocast, channels-last convolutions,
one-cycle schedule, moving average of the weights. Nothing is chosen on the validation split: the last moving average is
what ships.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.errors import SettingsError, missing_extra
from realtime_fer.fingerprint import records_fingerprint, sha256_of
from realtime_fer.training.detection.data import prepare_detection_set
from realtime_fer.training.detection.face_lite_data import Boxes, FaceLiteSamples, ImageBgr, KeptPicture, keep_pictures

try:
    import torch
    from torch import Tensor
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("training FaceLite", "train", error) from error

from realtime_fer.networks.face_lite import STRIDES_PX, FaceLite
from realtime_fer.training.detection.face_lite_loss import face_lite_loss
from realtime_fer.training.loop.run_files import History, Panel, draw_panels
from realtime_fer.training.loop.run_loop import Recipe, begun_or_resumed, require_device, train_run, training_arithmetic

log = logging.getLogger(__name__)

LEAST_DOUBTFUL_SOURCES = ("rf", "os", "jt", "hm")
"""Sources whose publishers state a permissive licence (CC BY 4.0, MIT)."""

WARM_UP_FRACTION = 0.05
"""Of all steps, until the learning rate peaks; it falls along a cosine to zero from there."""

PLAIN_FRACTION = 0.1
"""Of all epochs, at the end, without mosaics: the network ends on whole pictures."""

CLIP_NORM = 10.0
"""Largest gradient norm; the first steps, when no box fits yet, would be far above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLiteRecipe(Recipe):
    """What a run was started with; a resumed run keeps it."""

    image_size: int
    composites: int
    sources: tuple[str, ...]


def train_face_lite(
    *,
    data: Path,
    out: Path,
    epochs: int = 64,
    image_size: int = 320,
    batch: int = 16,
    peak_learning_rate: float = 4e-3,
    weight_decay: float = 0.05,
    seed: int = 0,
    composites: int = 600,
    sources: Collection[str] = LEAST_DOUBTFUL_SOURCES,
    device: str = "cpu",
    workers: int = 0,
    threads: int | None = None,
    limit: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Train and return the path of the last checkpoint, `out/last.pt`.

    Args:
        data: folder in YOLO layout, see `data`.
        out: run folder; gets the prepared data, and `last.pt`, `history.json` and `curves.png` after each epoch.
        epochs: of the one schedule.
        image_size: side of the square sample, pixels, a multiple of 32.
        peak_learning_rate: AdamW's, at the top of the one-cycle schedule.
        composites: how many pictures to make by pasting faces on pictures without faces.
        sources: file-name prefixes of the pictures to learn from.
        device: as torch names it (`cpu`, `cuda`, `cuda:1`).
        workers: processes that make samples; 0 makes them in this one.
        threads: torch's CPU threads; None leaves them.
        limit: at most this many pictures, for a quick trial.
        resume: go on from `out/last.pt`, with the recipe it was started with, along the same schedule.
        stop_after: leave after this many epochs of the schedule, to resume later.
        progress: told a line every few seconds and after each epoch, besides the log.

    Raises:
        DatasetError: `data` has not the layout, or there is nothing to resume or already a run in `out`.
        ModelError: the loss is no number any more.
        SettingsError: there is no such device, or the network takes no pictures of that size.
    """
    tell = progress or log.info
    require_device(device)
    if image_size % max(STRIDES_PX):
        raise SettingsError(f"image size: expected a multiple of {max(STRIDES_PX)} pixels, found {image_size}")
    asked = FaceLiteRecipe(
        epochs=epochs,
        batch=batch,
        peak_learning_rate=peak_learning_rate,
        weight_decay=weight_decay,
        seed=seed,
        limit=limit,
        image_size=image_size,
        composites=composites,
        sources=tuple(sorted(sources)),
    )
    recipe, saved = begun_or_resumed(out, asked, resume)
    prepare_detection_set(
        data, out / "data", composites=recipe.composites, seed=recipe.seed, limit=recipe.limit, prefixes=recipe.sources
    )
    paths = [Path(line) for line in (out / "data" / "train.txt").read_text(encoding="utf-8").splitlines()]
    pictures = keep_pictures(paths)
    tell(f"{len(set(paths))} pictures, {len(paths)} samples an epoch")
    with training_arithmetic(threads):
        task = FaceLiteTask(recipe, pictures, device, workers)
        digest = pictures_fingerprint(paths)
        return train_run(task, recipe, out, saved=saved, device=device, data=digest, stop_after=stop_after, tell=tell)


def pictures_fingerprint(paths: Sequence[Path]) -> str:
    """A short name for pictures and the faces in them, that changes when they do.

    Composites do not count: they are made of the others, and another version of OpenCV may write other JPEGs.
    """
    given = [path for path in paths if path.parts[-3] != "composites"]
    labels = [path.parents[1] / "labels" / f"{path.stem}.txt" for path in given]
    return records_fingerprint((path.name, sha256_of(path)) for path in (*given, *labels) if path.is_file())


def collate(samples: list[tuple[ImageBgr, Boxes]]) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: RGB uint8 (N, 3, H, W), faces float32 (N, M, 4), and which of them are faces, not padding, bool (N, M)."""
    images = np.stack([image[..., ::-1].transpose(2, 0, 1) for image, _ in samples])
    most = max(len(boxes) for _, boxes in samples)
    faces = np.zeros((len(samples), most, 4), np.float32)
    is_face = np.zeros((len(samples), most), bool)
    for row, (_, boxes) in enumerate(samples):
        faces[row, : len(boxes)], is_face[row, : len(boxes)] = boxes, True
    return torch.from_numpy(images), torch.from_numpy(faces), torch.from_numpy(is_face)


def draw_curves(history: History, path: Path) -> None:
    """Losses and overlap against the epoch, as a PNG; silently nothing without matplotlib."""
    loss = Panel(
        "Loss",
        "loss on augmented training samples",
        {"score_loss": "score (cross-entropy)", "box_loss": "box (1 - GIoU)"},
    )
    boxes = Panel("Boxes of the cells that answer for a face", "mean IoU", {"overlap": "overlap"})
    draw_panels(history, [loss, boxes], path)


class FaceLiteTask:
    """Augmented pictures, and the boxes of their faces; nothing is held out. For `train_run`."""

    warm_up_fraction = WARM_UP_FRACTION
    clip_norm = CLIP_NORM
    never_decayed: Collection[str] = ()

    def __init__(self, recipe: FaceLiteRecipe, pictures: list[KeptPicture], device: str, workers: int) -> None:
        self._recipe = recipe
        self._pictures = pictures
        self._device = device
        self._workers = workers

    def network(self) -> FaceLite:
        return FaceLite()

    def batches(self, epoch: int) -> Any:
        recipe = self._recipe
        mosaic = epoch < round((1 - PLAIN_FRACTION) * recipe.epochs)
        samples: Any = FaceLiteSamples(self._pictures, side_px=recipe.image_size, seed=recipe.seed, epoch=epoch, mosaic=mosaic)
        # The order is the samples' own business, a function of seed and epoch.
        return DataLoader(
            samples, recipe.batch, num_workers=self._workers, collate_fn=collate, drop_last=len(samples) > recipe.batch
        )

    def losses(self, model: Any, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        images, faces, is_face = batch
        pixels = images.to(self._device).float().div(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device_type=pixels.device.type, dtype=torch.bfloat16):
            found = model(pixels)
        parts = face_lite_loss(found, faces.to(self._device), is_face.to(self._device))
        return {"loss": parts.total, "score_loss": parts.score, "box_loss": parts.box, "overlap": parts.overlap}

    def held_out_figures(self, average: Any) -> dict[str, float]:
        return {}

    def own_contents(self) -> dict[str, Any]:
        return {}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Nothing: the samples depend on seed and epoch alone."""

    def draw(self, history: History, path: Path) -> None:
        draw_curves(history, path)
