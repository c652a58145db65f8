"""Train the compact Emotion-GCN on FER+ crowd votes.

`realtime-fer train emotion-gcn-ferplus` runs the same code on a CPU and on a GPU: bfloat16 autocast, channels-last
convolutions, one-cycle schedule, moving average of the weights. Nothing is chosen on the validation split: the last
moving average is what ships, and its temperature is fitted on faces held out of the training file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from realtime_fer.networks.compact_emotion_gcn import Head
from realtime_fer.training.emotion_gcn_ferplus.crowd import faces_fingerprint, training_faces
from realtime_fer.training.emotion_gcn_ferplus.recipe import ExpressionRecipe, Targets
from realtime_fer.training.emotion_gcn_ferplus.task import ExpressionTask
from realtime_fer.training.loop.run_loop import begun_or_resumed, require_device, train_run, training_arithmetic

log = logging.getLogger(__name__)


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
        DatasetError: the file is no FER+ npz or has too few faces, there is nothing to resume or already a run in `out`, or a
            teacher or `start_from` is no checkpoint of this training.
        ModelError: the loss is no number any more.
        SettingsError: there is no such device.
        ShapeError: `start_from` has another backbone.
    """
    tell = progress or log.info
    require_device(device)
    asked = ExpressionRecipe(
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
    )
    recipe, saved = begun_or_resumed(out, asked, resume)
    faces, held_out = training_faces(data, recipe.limit)
    with training_arithmetic(threads):
        task = ExpressionTask(recipe, faces, held_out, device, tell)
        digest = faces_fingerprint(faces, held_out)
        return train_run(task, recipe, out, saved=saved, device=device, data=digest, stop_after=stop_after, tell=tell)
