"""Train the FaceLite detector with nothing but torch.

`realtime-fer train face-lite` runs the same code on a CPU and on a GPU: bfloat16 autocast, channels-last convolutions,
one-cycle schedule, moving average of the weights. Nothing is chosen on the validation split: the last moving average is
what ships.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.training.detector_data import prepare_detection_set
from realtime_fer.training.face_lite_data import Boxes, FaceLiteSamples, ImageBgr, KeptPicture, keep_pictures

try:
    import torch
    from torch import Tensor
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("training FaceLite", "train", error) from error

from realtime_fer.networks.face_lite import FaceLite
from realtime_fer.training.face_lite_loss import face_lite_loss

log = logging.getLogger(__name__)

LEAST_DOUBTFUL_SOURCES = ("rf", "os", "jt", "hm")
"""Sources whose publishers state a permissive licence (CC BY 4.0, MIT)."""

WARM_UP_FRACTION = 0.05
"""Of all steps, until the learning rate peaks; it falls along a cosine to zero from there."""

PLAIN_FRACTION = 0.1
"""Of all epochs, at the end, without mosaics: the network ends on whole pictures."""

EMA_DECAY = 0.998
CLIP_NORM = 10.0
"""Largest gradient norm; the first steps, when no box fits yet, would be far above."""

LOG_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class FaceLiteRecipe:
    """What a run was started with; a resumed run keeps it."""

    epochs: int
    image_size: int
    batch: int
    peak_learning_rate: float
    weight_decay: float
    seed: int
    composites: int
    sources: tuple[str, ...]
    limit: int | None


@dataclass(slots=True)
class _Run:
    model: Any
    average: Any
    optimizer: Any
    epoch: int
    history: list[dict[str, float]]


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
        data: folder in YOLO layout, see `detector_data`.
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
        DatasetError: `data` has not the layout, or there is nothing to resume.
    """
    if threads:
        torch.set_num_threads(threads)
    # Gradients of dead units fade into denormal numbers, which slow a CPU down a hundredfold.
    torch.set_flush_denormal(True)
    out.mkdir(parents=True, exist_ok=True)
    tell = progress or log.info
    saved = _load(out / "last.pt") if resume else None
    recipe = (
        FaceLiteRecipe(**saved["recipe"])
        if saved
        else FaceLiteRecipe(
            epochs, image_size, batch, peak_learning_rate, weight_decay, seed, composites, tuple(sorted(sources)), limit
        )
    )
    prepare_detection_set(
        data, out / "data", composites=recipe.composites, seed=recipe.seed, limit=recipe.limit, prefixes=recipe.sources
    )
    paths = [Path(line) for line in (out / "data" / "train.txt").read_text(encoding="utf-8").splitlines()]
    pictures = keep_pictures(paths)
    tell(f"{len(set(paths))} pictures, {len(paths)} samples an epoch")
    run = _start(recipe, device, saved)
    while run.epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        row = _train_epoch(run, recipe, pictures, device=device, workers=workers, tell=tell)
        run.epoch += 1
        run.history.append({"epoch": float(run.epoch), **row, "seconds": time.monotonic() - began})
        tell(", ".join(f"{name} {value:.4g}" for name, value in run.history[-1].items()))
        _save(out / "last.pt", run, recipe)
        _atomic_text(out / "history.json", json.dumps(run.history, indent=1))
        draw_curves(run.history, out / "curves.png")
    return out / "last.pt"


def collate(samples: list[tuple[ImageBgr, Boxes]]) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: RGB uint8 (N, 3, H, W), faces float32 (N, M, 4), and which of them are faces, not padding, bool (N, M)."""
    images = np.stack([image[..., ::-1].transpose(2, 0, 1) for image, _ in samples])
    most = max(len(boxes) for _, boxes in samples)
    faces = np.zeros((len(samples), most, 4), np.float32)
    is_face = np.zeros((len(samples), most), bool)
    for row, (_, boxes) in enumerate(samples):
        faces[row, : len(boxes)], is_face[row, : len(boxes)] = boxes, True
    return torch.from_numpy(images), torch.from_numpy(faces), torch.from_numpy(is_face)


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear up to `peak`, then a cosine down to zero. A function of the step alone."""
    warm_up = max(1, round(WARM_UP_FRACTION * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Losses and overlap against the epoch, as a PNG; silently nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["score_loss"] for row in history], label="score (cross-entropy)")
    left.plot(epochs, [row["box_loss"] for row in history], label="box (1 - GIoU)")
    left.set(xlabel="epoch", ylabel="loss on augmented training samples", title="Loss")
    left.legend()
    right.plot(epochs, [row["overlap"] for row in history])
    right.set(xlabel="epoch", ylabel="mean IoU", title="Boxes of the cells that answer for a face")
    figure.savefig(path, dpi=110)


def _start(recipe: FaceLiteRecipe, device: str, saved: Any) -> _Run:
    torch.manual_seed(recipe.seed)
    model = FaceLite().to(device, memory_format=torch.channels_last)
    average = FaceLite().to(device, memory_format=torch.channels_last)
    average.load_state_dict(model.state_dict())
    average.requires_grad_(False)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    run = _Run(model, average, torch.optim.AdamW(groups, lr=recipe.peak_learning_rate), 0, [])
    if saved:
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        run.optimizer.load_state_dict(saved["optimizer"])
        run.epoch, run.history = saved["epoch"], saved["history"]
    return run


def _train_epoch(
    run: _Run,
    recipe: FaceLiteRecipe,
    pictures: list[KeptPicture],
    *,
    device: str,
    workers: int,
    tell: Callable[[str], None],
) -> dict[str, float]:
    samples = FaceLiteSamples(
        pictures,
        side_px=recipe.image_size,
        seed=recipe.seed,
        epoch=run.epoch,
        mosaic=run.epoch < round((1 - PLAIN_FRACTION) * recipe.epochs),
    )
    # The order is the samples' own business, a function of seed and epoch.
    batches: Any = DataLoader(
        samples, recipe.batch, num_workers=workers, collate_fn=collate, drop_last=len(samples) > recipe.batch
    )
    steps, told = len(batches), time.monotonic()
    sums = dict.fromkeys(("loss", "score_loss", "box_loss", "overlap"), 0.0)
    run.model.train()
    for step, (images, faces, is_face) in enumerate(batches):
        rate = learning_rate(run.epoch * steps + step, recipe.epochs * steps, recipe.peak_learning_rate)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        pixels = images.to(device).float().div(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device_type=pixels.device.type, dtype=torch.bfloat16):
            found = run.model(pixels)
        parts = face_lite_loss(found, faces.to(device), is_face.to(device))
        run.optimizer.zero_grad(set_to_none=True)
        parts.total.backward()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), CLIP_NORM)
        run.optimizer.step()
        _update_average(run, run.epoch * steps + step)
        for name, part in zip(sums, parts, strict=True):
            sums[name] += float(part.detach())
        if time.monotonic() - told > LOG_EVERY_S:
            told = time.monotonic()
            tell(f"epoch {run.epoch + 1}/{recipe.epochs}, step {step + 1}/{steps}, loss {sums['loss'] / (step + 1):.4f}")
    return {name: value / steps for name, value in sums.items()}


@torch.no_grad()
def _update_average(run: _Run, step: int) -> None:
    # The first steps must not linger in the average.
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for kept, new in zip(run.average.state_dict().values(), run.model.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def _save(path: Path, run: _Run, recipe: FaceLiteRecipe) -> None:
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "recipe": asdict(recipe),
            "epoch": run.epoch,
            "history": run.history,
            "model": run.model.state_dict(),
            "average": run.average.state_dict(),
            "optimizer": run.optimizer.state_dict(),
        },
        partial,
    )
    partial.replace(path)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DatasetError(f"{path}: expected the checkpoint of an earlier run, found none; try without resuming")
    return torch.load(path, map_location="cpu", weights_only=True)


def _atomic_text(path: Path, text: str) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
