"""Train the compact Emotion-GCN on FER+ crowd votes.

`realtime-fer train emotion-gcn-ferplus` runs the same code on a CPU and on a GPU: bfloat16 autocast, channels-last
convolutions, one-cycle schedule, moving average of the weights. Nothing is chosen on the validation split: the last
moving average is what ships, and its temperature is fitted on faces held out of the training file.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import (
    FerPlus,
    load_ferplus,
    majority_labels,
    split_held_out,
    vote_cooccurrence,
    vote_distributions,
)
from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.labels import FERPLUS_LABELS

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training an expression model", "train", error) from error

from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn
from realtime_fer.training.expression_augmentation import augment

log = logging.getLogger(__name__)

HELD_OUT_FRACTION = 0.05
HELD_OUT_SEED = 2016
"""Fixed apart from the training seed, so that every run holds the same faces out."""

RARE_REPEATS = {"disgust": 3, "contempt": 3, "fear": 2}
"""How often an epoch shows faces whose most voted emotion is rare; without it their recall stays near zero."""

WARM_UP_FRACTION = 0.15
"""Of all steps, until the learning rate peaks; it falls along a cosine to zero from there."""

EMA_DECAY = 0.998
CLIP_NORM = 5.0
"""Largest gradient norm; only the first steps ever reach it."""

SCORING_BATCH = 512
LOG_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class ExpressionRecipe:
    """What a run was started with; a resumed run keeps it."""

    epochs: int
    batch: int
    peak_learning_rate: float
    weight_decay: float
    dropout: float
    seed: int
    limit: int | None
    backbone: str = "small"
    camera_share: float = 1.0
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.0


@dataclass(slots=True)
class _Run:
    model: Any
    average: Any
    optimizer: Any
    generator: Any
    epoch: int
    history: list[dict[str, float]]


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
        resume: go on from `out/last.pt`, with the recipe it was started with, along the same schedule.
        stop_after: leave after this many epochs of the schedule, to resume later.
        progress: told a line every few seconds and after each epoch, besides the log.

    Raises:
        DatasetError: the file is no FER+ npz, or there is nothing to resume.
    """
    if threads:
        torch.set_num_threads(threads)
    # Gradients of dead units fade into denormal numbers, which slow a CPU down a hundredfold.
    torch.set_flush_denormal(True)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    tell = progress or log.info
    saved = _load(last) if resume else None
    recipe = (
        ExpressionRecipe(**saved["recipe"])
        if saved
        else ExpressionRecipe(
            epochs,
            batch,
            peak_learning_rate,
            weight_decay,
            dropout,
            seed,
            limit,
            backbone,
            camera_share,
            tuple(str(path) for path in teachers),
            teacher_share if teachers else 0.0,
        )
    )
    faces = load_ferplus(data)
    if recipe.limit is not None:
        faces = faces.subset(np.arange(min(recipe.limit, len(faces))))
    train_rows, held_out_rows = split_held_out(len(faces), HELD_OUT_FRACTION, HELD_OUT_SEED)
    cooccurrence = vote_cooccurrence(faces.votes[train_rows])
    run = _start(recipe, cooccurrence, device, saved)
    train_set, held_out_set = faces.subset(train_rows), faces.subset(held_out_rows)
    held_out_labels = majority_labels(held_out_set.votes)
    targets, weights = vote_distributions(train_set.votes)
    if recipe.teachers:
        taught = teachers_say([Path(path) for path in recipe.teachers], train_set.images, device, tell)
        targets = (1 - recipe.teacher_share) * targets + recipe.teacher_share * taught
    while run.epoch < min(recipe.epochs, stop_after or recipe.epochs):
        began = time.monotonic()
        loss = _train_epoch(run, recipe, train_set, targets, weights, device, tell)
        run.epoch += 1
        logits = score(run.average, held_out_set.images, device)
        row = {"epoch": float(run.epoch), "loss": loss, **_held_out_figures(logits, held_out_set, held_out_labels)}
        run.history.append({**row, "seconds": time.monotonic() - began})
        tell(", ".join(f"{name} {value:.4g}" for name, value in run.history[-1].items()))
        held_out = {
            "held_out_logits": torch.from_numpy(logits),
            "held_out_labels": torch.from_numpy(held_out_labels),
            "class_shares": torch.from_numpy(class_shares(train_set.votes)),
        }
        _save(last, run, recipe, cooccurrence, held_out)
        _atomic_text(out / "history.json", json.dumps(run.history, indent=1))
        draw_curves(run.history, out / "curves.png")
    return last


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
    backbone = BACKBONES[checkpoint["recipe"].get("backbone", "small")]
    model = CompactEmotionGcn(checkpoint["cooccurrence"].numpy(), backbone=backbone)
    model.load_state_dict(checkpoint["average"])
    return model.eval()


def teachers_say(
    checkpoints: Sequence[Path], images: npt.NDArray[np.uint8], device: str, tell: Callable[[str], None]
) -> npt.NDArray[np.float32]:
    """Mean probabilities of trained networks for faces and their mirror images.

    Shapes: images uint8 (N, 48, 48) -> float32 (N, 8).

    Raises:
        DatasetError: a checkpoint is missing.
    """
    mean = np.zeros((len(images), len(FERPLUS_LABELS)), np.float64)
    for path in checkpoints:
        tell(f"asking the teacher {path}")
        model = network_of(_load(path)).to(device, memory_format=torch.channels_last)
        for view in (images, np.ascontiguousarray(images[:, :, ::-1])):
            mean += torch.from_numpy(score(model, view, device)).double().softmax(dim=1).numpy()
    return (mean / (2 * len(checkpoints))).astype(np.float32)


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate of a step: linear up to `peak`, then a cosine down to zero. A function of the step alone."""
    warm_up = max(1, round(WARM_UP_FRACTION * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


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
    return (weights * each).sum() / weights.sum()


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Losses and held-out accuracy against the epoch, as a PNG; silently nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["loss"] for row in history], label="training (augmented)")
    left.plot(epochs, [row["held_out_loss"] for row in history], label="held out of training")
    left.set(xlabel="epoch", ylabel="cross-entropy to the crowd's votes", title="Loss")
    left.legend()
    right.plot(epochs, [row["held_out_war"] for row in history], label="WAR")
    right.plot(epochs, [row["held_out_uar"] for row in history], label="UAR")
    right.set(xlabel="epoch", ylabel="held-out part of the training file", title="Majority protocol")
    right.legend()
    figure.savefig(path, dpi=110)


def _start(recipe: ExpressionRecipe, cooccurrence: npt.NDArray[np.float64], device: str, saved: Any) -> _Run:
    torch.manual_seed(recipe.seed)
    backbone = BACKBONES[recipe.backbone]
    model = CompactEmotionGcn(cooccurrence, recipe.dropout, backbone).to(device, memory_format=torch.channels_last)
    average = CompactEmotionGcn(cooccurrence, recipe.dropout, backbone).to(device, memory_format=torch.channels_last)
    average.load_state_dict(model.state_dict())
    average.requires_grad_(False)
    decayed = [p for name, p in model.named_parameters() if p.ndim > 1 and name not in {"pooling", "graph.nodes"}]
    plain = [p for name, p in model.named_parameters() if p.ndim <= 1 or name in {"pooling", "graph.nodes"}]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.peak_learning_rate)
    generator = torch.Generator(device=device)
    generator.manual_seed(recipe.seed)
    run = _Run(model, average, optimizer, generator, 0, [])
    if saved:
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        generator.set_state(saved["generator"].cpu())
        torch.set_rng_state(saved["torch_rng"].cpu())
        run.epoch, run.history = saved["epoch"], saved["history"]
    return run


def _train_epoch(
    run: _Run,
    recipe: ExpressionRecipe,
    faces: FerPlus,
    targets: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    device: str,
    tell: Callable[[str], None],
) -> float:
    rows = epoch_rows(faces.votes)
    # Seeded by the epoch, so that a resumed run sees the same order.
    rows = np.random.default_rng((recipe.seed, run.epoch)).permutation(rows)
    steps = max(1, len(rows) // recipe.batch)
    total, told = 0.0, time.monotonic()
    run.model.train()
    for step in range(steps):
        chosen = rows[step * recipe.batch : (step + 1) * recipe.batch]
        pictures = torch.from_numpy(faces.images[chosen]).to(device).float().unsqueeze(1)
        pictures = augment(pictures, run.generator, recipe.camera_share).contiguous(memory_format=torch.channels_last)
        rate = one_cycle(run.epoch * steps + step, recipe.epochs * steps, recipe.peak_learning_rate)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(device_type=pictures.device.type, dtype=torch.bfloat16):
            logits = run.model(pictures)
        loss = crowd_loss(
            logits.float(), torch.from_numpy(targets[chosen]).to(device), torch.from_numpy(weights[chosen]).to(device)
        )
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), CLIP_NORM)
        run.optimizer.step()
        _update_average(run, run.epoch * steps + step)
        total += float(loss.detach())
        if time.monotonic() - told > LOG_EVERY_S:
            told = time.monotonic()
            tell(f"epoch {run.epoch + 1}/{recipe.epochs}, step {step + 1}/{steps}, loss {total / (step + 1):.4f}")
    return total / steps


@torch.no_grad()
def _update_average(run: _Run, step: int) -> None:
    # The first steps must not linger in the average.
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for kept, new in zip(run.average.state_dict().values(), run.model.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def _held_out_figures(logits: npt.NDArray[np.float32], faces: FerPlus, labels: npt.NDArray[np.int64]) -> dict[str, float]:
    distributions, weights = vote_distributions(faces.votes)
    loss = crowd_loss(torch.from_numpy(logits), torch.from_numpy(distributions), torch.from_numpy(weights))
    counted = labels >= 0
    right = logits.argmax(axis=1) == labels
    recalls = [right[labels == c].mean() for c in range(len(FERPLUS_LABELS)) if (labels == c).any()]
    return {
        "held_out_loss": float(loss),
        "held_out_war": float(right[counted].mean()) if counted.any() else math.nan,
        "held_out_uar": float(np.mean(recalls)) if recalls else math.nan,
    }


def _save(
    path: Path, run: _Run, recipe: ExpressionRecipe, cooccurrence: npt.NDArray[np.float64], held_out: dict[str, Tensor]
) -> None:
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "recipe": asdict(recipe),
            "epoch": run.epoch,
            "history": run.history,
            "model": run.model.state_dict(),
            "average": run.average.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "generator": run.generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cooccurrence": torch.from_numpy(cooccurrence),
            **held_out,
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
