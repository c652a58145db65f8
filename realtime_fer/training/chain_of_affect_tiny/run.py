"""Train the tiny vision-language model on FER+ crowd votes.

The face tower comes trained from `realtime-fer train emotion-gcn-ferplus` and stays as it is; projector and language model
are learned here, from nothing. Each epoch shows each face in a new view (`expression_augmentation`) and asks both questions:
features of the tower are made on the fly, since a view is seen once only. Same code on a CPU and on a GPU. Nothing is chosen on
the validation split; temperatures are fitted on the faces that the tower's own training held out as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from realtime_fer.training.chain_of_affect_tiny.recipe import TinyRecipe
from realtime_fer.training.chain_of_affect_tiny.task import TinyTask
from realtime_fer.training.emotion_gcn_ferplus.crowd import faces_fingerprint, training_faces
from realtime_fer.training.loop.run_loop import begun_or_resumed, require_device, train_run, training_arithmetic

log = logging.getLogger(__name__)


def train_chain_of_affect_tiny(
    *,
    data: Path,
    vision_from: Path,
    out: Path,
    epochs: int = 3,
    batch: int = 64,
    peak_learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
    camera_share: float = 0.5,
    hidden_size: int = 128,
    intermediate_size: int = 384,
    layers: int = 3,
    heads: int = 4,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    limit: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Train and return the path of the last checkpoint, `out/last.pt`.

    Args:
        data: npz file of FER+ training faces, see `datasets.ferplus`.
        vision_from: checkpoint of `realtime-fer train emotion-gcn-ferplus`.
        out: run folder; gets `last.pt`, `history.json` and `curves.png` after each epoch.
        epochs: of the one schedule.
        peak_learning_rate: AdamW's, at the top of the one-cycle schedule.
        camera_share, hidden_size, intermediate_size, layers, heads: see `TinyRecipe`.
        device: as torch names it.
        threads: torch's CPU threads; None leaves them.
        limit: at most this many faces, for a quick trial.
        resume: go on from `out/last.pt`, with the recipe it was started with, to the same result.
        stop_after: leave after this many epochs of the schedule, to resume later.
        progress: told a line every few seconds and after each epoch, besides the log.

    Raises:
        DatasetError: the file is no FER+ npz or has too few faces, `vision_from` is no checkpoint of an expression training, or
            there is nothing to resume or already a run in `out`.
        ModelError: the loss is no number any more.
        SettingsError: there is no such device, or the sizes contradict each other.
    """
    tell = progress or log.info
    require_device(device)
    asked = TinyRecipe(
        epochs=epochs,
        batch=batch,
        peak_learning_rate=peak_learning_rate,
        weight_decay=weight_decay,
        seed=seed,
        limit=limit,
        vision_from=str(vision_from),
        camera_share=camera_share,
        hidden_size=hidden_size,
        intermediate_size=intermediate_size,
        layers=layers,
        heads=heads,
    )
    recipe, saved = begun_or_resumed(out, asked, resume)
    faces, held_out = training_faces(data, recipe.limit)
    with training_arithmetic(threads):
        task = TinyTask(recipe, faces, held_out, device)
        digest = faces_fingerprint(faces, held_out)
        return train_run(task, recipe, out, saved=saved, device=device, data=digest, stop_after=stop_after, tell=tell)
