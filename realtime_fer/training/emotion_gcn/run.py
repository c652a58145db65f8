"""Train Emotion-GCN, or one of its two plainer relatives, from a labelled set to a checkpoint.

`realtime-fer train emotion-gcn` calls this; the same code runs on a CPU, on a GPU, and in the processes of torchrun.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.datasets.choose import open_labelled
from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import DatasetError, SettingsError, missing_extra
from realtime_fer.training.emotion_gcn.batches import SMALLEST_SHARE
from realtime_fer.training.emotion_gcn.faces import ChosenFaces, chosen_faces, graph_of, label_digest, weights_of_classes
from realtime_fer.training.emotion_gcn.figures import figures_of
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe
from realtime_fer.training.emotion_gcn.run_folder import begin, leave, taken_up
from realtime_fer.training.emotion_gcn.trainer import MIXED_PRECISION, Trainer
from realtime_fer.training.loop.accelerator import Device, end_processes, new_accelerator
from realtime_fer.training.loop.progress import PlainProgress, SilentProgress, TrainingProgress, told
from realtime_fer.training.loop.run_files import CHECKPOINT_NAME, GOES_ON, STILL_TO_DO, require_same
from realtime_fer.training.loop.run_loop import training_arithmetic

try:
    import torch
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error

log = logging.getLogger(__name__)


def train_emotion_gcn(
    *,
    data: Path,
    out: Path,
    recipe: EmotionGcnRecipe,
    embeddings: Path | None = None,
    pretrained: Path | None = None,
    test_figures: bool = False,
    device: Device = "auto",
    workers: int = 0,
    threads: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: TrainingProgress | None = None,
    opened: Callable[..., LabelledSet] = open_labelled,
) -> Path:
    """Train and return the path of the last epoch's checkpoint, `out/last.pt`; see `run_folder` for what lies beside it.

    Args:
        data: folder or file of the set, as `datasets.choose.open_labelled` wants it.
        out: run folder.
        recipe: everything else; a resumed run keeps its own.
        embeddings: word vectors for the graph of `emotion_gcn`, see `read_word_embeddings`; a resumed run has its own.
        pretrained: torchvision's ImageNet weights of DenseNet-121, as published; None begins at random.
        test_figures: also measure on the test part after each epoch; implied by `best-on-test`.
        device: "auto" takes a GPU where there is one; which of several, torchrun says.
        workers: processes that prepare faces, for each process that trains.
        threads: torch's CPU threads; None leaves them.
        resume: go on from the checkpoint in `out`.
        stop_after: leave after so many epochs of the schedule, to resume later.
        progress: told by the first process alone; None tells the log.
        opened: makes the labelled sets.

    Raises:
        DatasetError: the data, the folder or the checkpoint cannot be used, or a class that is weighed has no face.
        ModelError: weights or word vectors cannot be used, or a loss is no number any more.
        SettingsError: the batch cannot be shared out, there is no such device, or it cannot compute so.
        ShapeError: the graph lacks a class, see `faces.graph_of`.
    """
    saved: dict[str, Any] | None = None
    if resume:
        recipe, saved = taken_up(out)
    accelerator = new_accelerator(device, MIXED_PRECISION[recipe.precision])
    if recipe.batch < SMALLEST_SHARE * accelerator.num_processes:
        raise SettingsError(
            f"batch {recipe.batch}: expected at least {SMALLEST_SHARE} faces for each of {accelerator.num_processes} processes"
        )
    first = accelerator.is_main_process
    shown = (progress or PlainProgress(log.info)) if first else SilentProgress()
    faces = opened(recipe.dataset, data, "train", fold=recipe.fold)
    digest = label_digest(faces)
    if saved is not None:
        require_same(out / CHECKPOINT_NAME, "--data", saved["data"], digest)
    chosen = chosen_faces(faces, recipe)
    tested = _tested(opened, data, recipe, faces) if test_figures or recipe.select == "best-on-test" else None
    words, adjacency = _graph(chosen, recipe, embeddings, saved)
    weights = weights_of_classes(chosen, recipe)
    if first and saved is None:
        begin(out, None if words is None else words.numpy())
    for line in _about(chosen, recipe, accelerator, tested, begins_at_random=pretrained is None and saved is None):
        shown.line(line)
    if saved is not None:
        shown.line(GOES_ON.format(done=saved["epoch"] + 1, epochs=recipe.epochs))
    with training_arithmetic(threads):
        trainer = Trainer(
            accelerator,
            recipe,
            classes=len(faces.labels),
            weights=weights,
            word_embeddings=words,
            adjacency=adjacency,
            saved=saved,
            pretrained=pretrained,
        )
        while trainer.epoch < min(recipe.epochs, stop_after or recipe.epochs):
            began = time.monotonic()
            row = trainer.train_epoch(chosen, workers, shown)
            if first:
                held_out = trainer.answers(faces, chosen.held_out, workers) if len(chosen.held_out) else None
                row |= {} if held_out is None else figures_of(held_out, "held_out")
                if tested is not None:
                    row |= figures_of(trainer.answers(tested, np.arange(len(tested)), workers), "test")
                row = {"epoch": float(trainer.epoch), **row, "seconds": time.monotonic() - began}
                trainer.history.append(row)
                shown.line(told(row))
                contents = trainer.contents() | {"recipe": asdict(recipe), "labels": list(faces.labels), "data": digest}
                contents |= {"size_px": recipe.size_px, "faces": len(chosen.rows)}
                if words is not None:
                    contents["word_embeddings"] = words
                if held_out is not None:
                    contents["held_out_logits"] = torch.from_numpy(held_out.logits)
                    contents["held_out_labels"] = torch.from_numpy(held_out.labels)
                leave(out, contents, recipe)
            accelerator.wait_for_everyone()
    following = f"realtime-fer export emotion-gcn --weights {out / CHECKPOINT_NAME}"
    if trainer.epoch < recipe.epochs:
        following = f"{STILL_TO_DO} ({trainer.epoch} of {recipe.epochs} epochs are done)"
    shown.line(f"checkpoint: {out / CHECKPOINT_NAME}; next: {following}")
    end_processes(accelerator)
    return out / CHECKPOINT_NAME


def _graph(
    chosen: ChosenFaces, recipe: EmotionGcnRecipe, embeddings: Path | None, saved: dict[str, Any] | None
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Word embeddings and adjacency; a checkpoint brings its own of both."""
    if recipe.model != "emotion_gcn":
        return None, None
    if saved is not None:
        return saved["word_embeddings"], saved["model_state_dict"]["A"]
    words, adjacency = graph_of(chosen, embeddings)
    return torch.from_numpy(words), adjacency


def _tested(opened: Callable[..., LabelledSet], data: Path, recipe: EmotionGcnRecipe, faces: LabelledSet) -> LabelledSet:
    """The test part, none of whose pictures is in the training part."""
    tested = opened(recipe.dataset, data, "test", fold=recipe.fold)
    if tested.labels != faces.labels:
        raise DatasetError(f"{data}: the test part has the labels {tested.labels}, the training part {faces.labels}")
    both = {face.picture for face in faces.faces} & {face.picture for face in tested.faces}
    if both:
        raise DatasetError(
            f"{data}: expected a test part of its own, found {len(both)} files ({min(both).name}, ...) in both; name a folder "
            "with both parts, or a --fold, or measure on held-out faces"
        )
    return tested


def _about(
    chosen: ChosenFaces, recipe: EmotionGcnRecipe, accelerator: Any, tested: LabelledSet | None, *, begins_at_random: bool
) -> list[str]:
    """What is said before the first epoch."""
    lines = [
        f"{len(chosen.rows)} faces of {len(chosen.faces.labels)} classes, {len(chosen.held_out)} held out; {recipe.model} on "
        f"{recipe.network}, {recipe.size_px} px, on {accelerator.num_processes} x {accelerator.device.type}"
    ]
    if begins_at_random and recipe.network == "densenet":
        lines.append("the network starts at random; the published one starts with ImageNet's weights (--pretrained)")
    if recipe.select == "best-on-test" and tested is not None:
        lines.append("the epoch is selected on the test part, as published: its figure there is no test any more")
    return lines
