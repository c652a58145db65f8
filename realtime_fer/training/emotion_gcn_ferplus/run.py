"""Train the compact Emotion-GCN on FER+ crowd votes.

`realtime-fer train emotion-gcn-ferplus` runs the same code on a CPU and on a GPU: bfloat16 autocast, channels-last
convolutions, one-cycle schedule, moving average of the weights. Nothing is chosen on the validation split: the last
moving average is what ships, and its temperature is fitted on faces held out of the training file.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import (
    FerPlus,
    load_ferplus,
    majority_labels,
    majority_targets,
    split_held_out,
    vote_cooccurrence,
    vote_distributions,
)
from realtime_fer.errors import DatasetError, ShapeError, missing_extra
from realtime_fer.labels import FERPLUS_LABELS

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training an expression model", "train", error) from error

from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn, Head
from realtime_fer.training.expression_augmentation import augment
from realtime_fer.training.loop.run_files import History, Panel, draw_panels, load_checkpoint
from realtime_fer.training.loop.run_loop import Recipe, Tell, resumed, train_run, training_arithmetic

log = logging.getLogger(__name__)

HELD_OUT_FRACTION = 0.05
HELD_OUT_SEED = 2016
"""Fixed apart from the training seed, so that every run holds the same faces out."""

RARE_REPEATS = {"disgust": 3, "contempt": 3, "fear": 2}
"""How often an epoch shows faces whose most voted emotion is rare; without it their recall stays near zero."""

WARM_UP_FRACTION = 0.15
"""Of all steps, until the learning rate peaks; it falls along a cosine to zero from there."""

CLIP_NORM = 5.0
"""Largest gradient norm; only the first steps ever reach it."""

SCORING_BATCH = 512


Targets = Literal["votes", "majority"]
"""What the network is told of a face: how the crowd was divided, or the label of its majority alone."""

_TARGETS = {"votes": vote_distributions, "majority": majority_targets}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionRecipe(Recipe):
    """What a run was started with; a resumed run keeps it."""

    dropout: float
    backbone: str = "small"
    camera_share: float = 1.0
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.0
    start_from: str | None = None
    head: Head = "graph"
    targets: Targets = "votes"


def train_expression(
    *,
    data: Path,
    out: Path,
    epochs: int = 40,
    batch: int = 128,
    peak_learning_rate: float = 3e-3,
    weight_decay: float = 0.05,
    dropout: float = 0.2,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    limit: int | None = None,
    backbone: str = "small",
    camera_share: float = 1.0,
    teachers: Sequence[Path] = (),
    teacher_share: float = 0.5,
    start_from: Path | None = None,
    head: Head = "graph",
    targets: Targets = "votes",
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Train and return the path of the last checkpoint, `out/last.pt`.

    Args:
        data: npz file of FER+ training faces, see `datasets.ferplus`.
        out: run folder; gets `last.pt`, `history.json` and `curves.png` after each epoch.
        epochs: of the one schedule.
        peak_learning_rate: AdamW's, at the top of the one-cycle schedule.
        device: as torch names it (`cpu`, `cuda`, `cuda:1`).
        threads: torch's CPU threads; None leaves them.
        limit: at most this many faces, for a quick trial.
        backbone: a key of `networks.compact_emotion_gcn.BACKBONES`.
        camera_share: see `expression_augmentation.augment`.
        teachers: checkpoints of earlier runs; the mean of what they say of the unspoiled faces becomes part of the target.
        teacher_share: how large a part; the crowd's votes are the rest.
        start_from: checkpoint of an earlier run with the same backbone, whose average is where this one begins; None begins
            with random weights.
        head: `linear` does without the graph, for comparison.
        targets: `majority` tells the network one label a face, and nothing of faces without one, for comparison.
        resume: go on from `out/last.pt`, with the recipe it was started with, along the same schedule.
        stop_after: leave after this many epochs of the schedule, to resume later.
        progress: told a line every few seconds and after each epoch, besides the log.

    Raises:
        DatasetError: the file is no FER+ npz, there is nothing to resume, or a teacher or `start_from` is no checkpoint of this
            training.
        ShapeError: `start_from` has another backbone.
    """
    out.mkdir(parents=True, exist_ok=True)
    tell = progress or log.info
    recipe, saved = (
        resumed(out, ExpressionRecipe)
        if resume
        else (
            ExpressionRecipe(
                epochs=epochs,
                batch=batch,
                peak_learning_rate=peak_learning_rate,
                weight_decay=weight_decay,
                seed=seed,
                limit=limit,
                dropout=dropout,
                backbone=backbone,
                camera_share=camera_share,
                teachers=tuple(str(path) for path in teachers),
                teacher_share=teacher_share if teachers else 0.0,
                start_from=str(start_from) if start_from else None,
                head=head,
                targets=targets,
            ),
            None,
        )
    )
    faces = load_ferplus(data)
    if recipe.limit is not None:
        faces = faces.subset(np.arange(min(recipe.limit, len(faces))))
    with training_arithmetic(threads):
        task = _ExpressionTask(recipe, faces, device, tell)
        return train_run(task, recipe, out, saved=saved, device=device, stop_after=stop_after, tell=tell)


def score(model: Any, images: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.float32]:
    """Logits of faces in float32; uint8 (N, 48, 48) -> float32 (N, 8). The model is put in evaluation mode."""
    model.eval()
    batches = []
    with torch.no_grad():
        for start in range(0, len(images), SCORING_BATCH):
            faces = torch.from_numpy(images[start : start + SCORING_BATCH]).to(device).float().unsqueeze(1)
            batches.append(model(faces).float().cpu().numpy())
    return np.concatenate(batches)


def network_of(checkpoint: Mapping[str, Any]) -> CompactEmotionGcn:
    """The network a checkpoint of this module holds: its moving average, in evaluation mode, float32."""
    recipe = checkpoint["recipe"]
    backbone = BACKBONES[recipe.get("backbone", "small")]
    model = CompactEmotionGcn(checkpoint["cooccurrence"].numpy(), backbone=backbone, head=recipe.get("head", "graph"))
    model.load_state_dict(checkpoint["average"])
    return model.eval()


def teachers_say(
    checkpoints: Sequence[Path], images: npt.NDArray[np.uint8], device: str, tell: Tell
) -> npt.NDArray[np.float32]:
    """Mean probabilities of trained networks for faces and their mirror images.

    Shapes: images uint8 (N, 48, 48) -> float32 (N, 8).

    Raises:
        DatasetError: a checkpoint is missing, or it is of another training.
    """
    mean = np.zeros((len(images), len(FERPLUS_LABELS)), np.float64)
    for path in checkpoints:
        tell(f"asking the teacher {path}")
        model = _earlier_network(path).to(device, memory_format=torch.channels_last)
        for view in (images, np.ascontiguousarray(images[:, :, ::-1])):
            # Tens of thousands of faces: bfloat16 halves the wait, and moves a probability by less than the crowd's own doubt.
            with torch.autocast(device_type=torch.device(device).type, dtype=torch.bfloat16):
                logits = score(model, view, device)
            mean += torch.from_numpy(logits).double().softmax(dim=1).numpy()
    return (mean / (2 * len(checkpoints))).astype(np.float32)


def _earlier_network(path: Path) -> Any:
    saved = load_checkpoint(path)
    try:
        return network_of(saved)
    except (KeyError, RuntimeError) as error:
        raise DatasetError(f"{path}: expected a checkpoint of an expression training, found one of another") from error


def epoch_rows(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Rows one epoch shows, in order: each face with an emotion vote left, rare ones repeated (`RARE_REPEATS`)."""
    distributions, weights = vote_distributions(votes)
    repeats = np.ones(len(FERPLUS_LABELS), np.int64)
    for label, times in RARE_REPEATS.items():
        repeats[FERPLUS_LABELS.index(label)] = times
    times_shown = np.where(weights > 0, repeats[distributions.argmax(axis=1)], 0)
    return np.repeat(np.arange(len(votes)), times_shown)


def class_shares(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """How much of one epoch's target each class makes up, float64 (8,), adding up to 1; repeats and weights counted."""
    rows = epoch_rows(votes)
    distributions, weights = vote_distributions(votes)
    mass = (distributions[rows] * weights[rows, None]).sum(axis=0, dtype=np.float64)
    # A class without a vote (in a tiny trial) must not get an infinite head start later.
    mass = np.maximum(mass, 1)
    return np.asarray(mass / mass.sum())


def crowd_loss(logits: Tensor, distributions: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy to the crowd's distribution, weighted mean.

    Shapes: logits and distributions (N, C), weights (N,).
    """
    each = -(distributions * functional.log_softmax(logits, dim=1)).sum(dim=1)
    # A small batch may hold nothing but faces that do not count.
    return (weights * each).sum() / weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)


def draw_curves(history: History, path: Path) -> None:
    """Losses and held-out accuracy against the epoch, as a PNG; silently nothing without matplotlib."""
    loss = Panel(
        "Loss",
        "cross-entropy to the crowd's votes",
        {"loss": "training (augmented)", "held_out_loss": "held out of training"},
    )
    accuracy = Panel("Majority protocol", "held-out part of the training file", {"held_out_war": "WAR", "held_out_uar": "UAR"})
    draw_panels(history, [loss, accuracy], path)


class _ExpressionTask:
    """FER+ faces, some held out; the crowd's votes, and what teachers say, as targets."""

    warm_up_fraction = WARM_UP_FRACTION
    clip_norm = CLIP_NORM
    # Where on the face to look, and the graph's nodes: neither is a matrix of weights.
    never_decayed: Collection[str] = ("pooling", "graph.nodes")

    def __init__(self, recipe: ExpressionRecipe, faces: FerPlus, device: str, tell: Tell) -> None:
        self._recipe = recipe
        self._device = device
        train_rows, held_out_rows = split_held_out(len(faces), HELD_OUT_FRACTION, HELD_OUT_SEED)
        self._faces, self._held_out = faces.subset(train_rows), faces.subset(held_out_rows)
        self._held_out_labels = majority_labels(self._held_out.votes)
        self._held_out_logits = np.zeros((0, len(FERPLUS_LABELS)), np.float32)
        self._cooccurrence = vote_cooccurrence(self._faces.votes)
        self._targets, self._weights = _TARGETS[recipe.targets](self._faces.votes)
        if recipe.teachers:
            taught = teachers_say([Path(path) for path in recipe.teachers], self._faces.images, device, tell)
            self._targets = (1 - recipe.teacher_share) * self._targets + recipe.teacher_share * taught
        self._generator = torch.Generator(device=device)
        self._generator.manual_seed(recipe.seed)

    def network(self) -> CompactEmotionGcn:
        recipe = self._recipe
        network = CompactEmotionGcn(self._cooccurrence, recipe.dropout, BACKBONES[recipe.backbone], recipe.head)
        if self._recipe.start_from:
            earlier = _earlier_network(Path(self._recipe.start_from)).state_dict()
            shapes, wanted = ({key: tuple(value.shape) for key, value in d.items()} for d in (earlier, network.state_dict()))
            if shapes != wanted:
                raise ShapeError(
                    f"{self._recipe.start_from}: expected the backbone {self._recipe.backbone}, found other layers; "
                    "name the backbone it was trained with"
                )
            network.load_state_dict(earlier)
        return network

    def batches(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        rows = np.random.default_rng((self._recipe.seed, epoch)).permutation(epoch_rows(self._faces.votes))
        size = self._recipe.batch
        return [rows[step * size : (step + 1) * size] for step in range(max(1, len(rows) // size))]

    def losses(self, model: Any, batch: npt.NDArray[np.int64]) -> dict[str, Tensor]:
        pictures = torch.from_numpy(self._faces.images[batch]).to(self._device).float().unsqueeze(1)
        pictures = augment(pictures, self._generator, self._recipe.camera_share)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device_type=pictures.device.type, dtype=torch.bfloat16):
            logits = model(pictures)
        targets = torch.from_numpy(self._targets[batch]).to(self._device)
        weights = torch.from_numpy(self._weights[batch]).to(self._device)
        return {"loss": crowd_loss(logits.float(), targets, weights)}

    def held_out_figures(self, average: Any) -> dict[str, float]:
        self._held_out_logits = logits = score(average, self._held_out.images, self._device)
        labels = self._held_out_labels
        distributions, weights = vote_distributions(self._held_out.votes)
        loss = crowd_loss(torch.from_numpy(logits), torch.from_numpy(distributions), torch.from_numpy(weights))
        counted = labels >= 0
        right = logits.argmax(axis=1) == labels
        recalls = [right[labels == c].mean() for c in range(len(FERPLUS_LABELS)) if (labels == c).any()]
        return {
            "held_out_loss": float(loss),
            "held_out_war": float(right[counted].mean()) if counted.any() else math.nan,
            "held_out_uar": float(np.mean(recalls)) if recalls else math.nan,
        }

    def own_contents(self) -> dict[str, Tensor]:
        return {
            "generator": self._generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cooccurrence": torch.from_numpy(self._cooccurrence),
            # For the export, which fits the temperature.
            "held_out_logits": torch.from_numpy(self._held_out_logits),
            "held_out_labels": torch.from_numpy(self._held_out_labels),
            "class_shares": torch.from_numpy(class_shares(self._faces.votes)),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        self._generator.set_state(saved["generator"].cpu())
        # Dropout draws from torch's own generator.
        torch.set_rng_state(saved["torch_rng"].cpu())

    def draw(self, history: History, path: Path) -> None:
        draw_curves(history, path)
