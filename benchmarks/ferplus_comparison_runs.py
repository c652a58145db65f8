"""The rows of the FER+ comparison: how each is trained, which finished run belongs to it, and what it scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from realtime_fer.datasets.ferplus import NOT_COUNTED, load_ferplus, majority_labels
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.ferplus_protocol import MajorityReport, majority_report
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.networks.fmpn.export_form import FmpnForExport
from realtime_fer.training.emotion_gcn_ferplus.run import train_expression
from realtime_fer.training.emotion_gcn_ferplus.scoring import network_of, score
from realtime_fer.training.fmpn.run import train_fmpn
from realtime_fer.training.fmpn.trained import load_trained
from realtime_fer.training.loop.progress import PlainProgress
from realtime_fer.training.loop.run_files import CHECKPOINT_NAME, load_checkpoint

Tell = Callable[[str], None]

CAMERA_SHARE, DROPOUT = 0.5, 0.1
BACKBONE = "small"
"""Of every row."""

MASK_EPOCHS = 12
MASK_CHANNELS, MASK_BLOCKS = 16, 2
"""Of FMPN's mask generator, whose training comes on top of the epochs of the others. After 3 epochs its masks were hardly
better than one flat grey, told on held-out training faces; after 12, clearly so."""

MASK_SEED = 0
"""One generator begins the second stage of every seed."""

MASK_WEIGHT = 0.1
"""As in the authors' code. Told on held-out training faces, 10, as the paper is quoted, did no better (one seed)."""

TEACHER_SHARE = 0.8
SCORING_BATCH = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        title: what it is, for the table.
        kind: which training makes it.
        choices: settings of that training that make the row what it is; a checkpoint's recipe must agree with them.
    """

    title: str
    kind: Literal["expression", "fmpn"]
    choices: Mapping[str, Any]


_FMPN = {"classifier": "compact", "schedule": "one-cycle"}

ROWS = {
    "graph": Row("graph head, crowd's votes", "expression", {"head": "graph", "targets": "votes"}),
    "linear": Row("linear head, crowd's votes", "expression", {"head": "linear", "targets": "votes"}),
    "single": Row("linear head, majority label", "expression", {"head": "linear", "targets": "majority"}),
    "taught": Row("graph head, teachers and votes", "expression", {"head": "graph", "targets": "votes"}),
    "fmpn": Row("FMPN, motion mask, majority label", "fmpn", {**_FMPN, "without_mask": False, "mask_weight": MASK_WEIGHT}),
    "fmpn-without-mask": Row("FMPN without its mask, majority label", "fmpn", {**_FMPN, "without_mask": True}),
}


def first_faces(train: Path, count: int, out: Path) -> Path:
    """An npz file of the first so many faces, from which FMPN, which draws its own, takes the same ones as the others."""
    faces = load_ferplus(train)
    path = out / f"first-{count}.npz"
    if not path.is_file():
        np.savez(path, images=faces.images[:count], votes=faces.votes[:count])
    return path


def run_folder(runs: Path, name: str, seed: int) -> Path:
    """Where a row's run of a seed lies."""
    return runs / f"{name}-{seed}"


def checkpoint_of(runs: Path, name: str, seed: int) -> Path:
    """The file a run leaves."""
    folder = run_folder(runs, name, seed)
    return (folder / "classifier" if ROWS[name].kind == "fmpn" else folder) / CHECKPOINT_NAME


def finished(path: Path, name: str, seed: int, epochs: int) -> bool:
    """Whether the run is there, whole, and what it should be.

    Raises:
        DatasetError: it is a run of another recipe.
    """
    if not path.is_file():
        return False
    saved = load_checkpoint(path)
    recipe = {"head": "graph", "targets": "votes", **saved["recipe"]}
    taught = {"teachers": bool(recipe.get("teachers")) if ROWS[name].kind == "expression" else False}
    found = {**recipe, **taught}
    wanted = {**ROWS[name].choices, "backbone": BACKBONE, "seed": seed, "epochs": epochs, "teachers": name == "taught"}
    wrong = [f"{key} {found.get(key)!r} instead of {value!r}" for key, value in wanted.items() if found.get(key) != value]
    if wrong:
        raise DatasetError(f"{path}: expected a run of the row {name}, found one with {', '.join(wrong)}; take another folder")
    return bool(saved["epoch"] == epochs)


def train_row(
    name: str, seed: int, *, runs: Path, train: Path, faces: int, epochs: int, teachers: tuple[Path, ...], tell: Tell
) -> None:
    """Make a run anew, on one thread of the CPU."""
    row, out = ROWS[name], run_folder(runs, name, seed)
    # What is there was left in the middle; a training does not begin over another.
    checkpoint_of(runs, name, seed).unlink(missing_ok=True)
    common: dict[str, Any] = {"out": out, "seed": seed, "backbone": BACKBONE, "dropout": DROPOUT, "threads": 1}
    common |= {"camera_share": CAMERA_SHARE, "progress": tell, **row.choices}
    if row.kind == "expression":
        taught: dict[str, Any] = {"teachers": teachers, "teacher_share": TEACHER_SHARE} if name == "taught" else {}
        train_expression(data=train, epochs=epochs, limit=faces, **common, **taught)
        return
    common |= {"data": first_faces(train, faces, runs), "channels": MASK_CHANNELS, "blocks": MASK_BLOCKS}
    common |= {"device": "cpu", "progress": PlainProgress(tell)}
    if not row.choices["without_mask"]:
        masks = runs / "fmpn-masks"
        generator = masks / "masks" / CHECKPOINT_NAME
        if not generator.is_file() or load_checkpoint(generator)["epoch"] < MASK_EPOCHS:
            generator.unlink(missing_ok=True)
            train_fmpn(stage="masks", epochs=MASK_EPOCHS, **{**common, "out": masks, "seed": MASK_SEED})
        common["generator"] = generator
    train_fmpn(stage="classifier", epochs=epochs, **common)


def evaluate_run(path: Path, name: str, valid: Path) -> MajorityReport:
    """Score a checkpoint on the faces of an npz file under the majority protocol."""
    faces = load_ferplus(valid)
    labels = majority_labels(faces.votes)
    counted = labels != NOT_COUNTED
    images = faces.images[counted]
    if ROWS[name].kind == "expression":
        logits = score(network_of(load_checkpoint(path)), images, "cpu")
    else:
        logits = _fmpn_logits(path, images)
    probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
    return majority_report(probabilities, labels[counted])


def _fmpn_logits(path: Path, images: Any) -> Any:
    trained = load_trained(path)
    if trained.labels != FERPLUS_LABELS:
        raise DatasetError(f"{path}: expected the labels of FER+, found {trained.labels}")
    model = FmpnForExport(trained.model, with_mask=False, grey_faces=trained.grey_faces).eval()
    batches = []
    with torch.no_grad():
        for start in range(0, len(images), SCORING_BATCH):
            grey = torch.from_numpy(images[start : start + SCORING_BATCH]).float().unsqueeze(1)
            batches.append(model(grey.expand(-1, 3, -1, -1)).numpy())
    return np.concatenate(batches)
