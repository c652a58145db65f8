"""Score any expression classifier on any labelled data set.

`realtime-fer evaluate MODEL --protocol labelled --dataset NAME` calls `evaluate_labelled`; the last line it prints with
--json is `ClassificationReport.as_json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.asking import Progress
from realtime_fer.evaluation.classification_report import ClassificationReport, affect_figures, classification_report
from realtime_fer.evaluation.classifier_answers import classify_faces, default_margin, expression_manifest
from realtime_fer.evaluation.face_fitting import Resize
from realtime_fer.evaluation.label_matching import LabelMatch, match_labels
from realtime_fer.zoo.shelf import ShelvedModel

PROTOCOL: Final = "labelled"


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRun:
    """A report, and the answers it was made of.

    Attributes:
        rows: of the faces that count, int64 (N,), in the set's numbering.
        probabilities: float64 (N, C), over the report's classes.
        labels: int64 (N,), indices into the report's classes.
    """

    report: ClassificationReport
    rows: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]


def evaluate_labelled(
    model: ShelvedModel,
    data: LabelledSet,
    *,
    about: Mapping[str, Any] | None = None,
    protocol: str = PROTOCOL,
    common_classes: bool = False,
    margin: float | None = None,
    resize: Resize = "service",
    threads: int = 1,
    bootstrap_draws: int = 0,
    progress: Progress | None = None,
) -> LabelledRun:
    """Run a model over a data set and score it.

    Args:
        model: any expression classifier, set to the weight file to run.
        data: at least one face of a class that counts.
        about: more of the data set for the report, such as `part` and `fold`.
        protocol: name for the report.
        common_classes: score on the classes that both have, leaving out faces of others; otherwise both must have the same.
        margin, resize: see `face_fitting.fit_face`; a margin of None is `classifier_answers.default_margin`.
        bootstrap_draws: for intervals, over people where the set knows them; 0 gives none.
        progress: told how many faces are done, and of how many.

    Raises:
        DatasetError: classes do not match, no face counts, or a picture cannot be read.
        ModelError: the model cannot be used, or is no expression classifier.
    """
    match = match_model(model, data, common_classes=common_classes)
    known = data.targets()
    rows = match.counted(known)
    if not len(rows):
        raise DatasetError(f"{data.name}: expected faces of {', '.join(match.classes)}, found none among {len(data)}")
    margin = default_margin(model) if margin is None else margin
    answers = classify_faces(model, data.read, rows, margin=margin, resize=resize, threads=threads, progress=progress)
    labels, probabilities = match.targets(known[rows]), match.probabilities(answers.probabilities)
    report = classification_report(
        {
            "protocol": protocol,
            "model": {
                "name": model.manifest.name,
                "version": model.manifest.version,
                "precision": model.precision,
                "sha256": model.sha256,
            },
            "dataset": {"name": data.name, **(about or {}), "faces": len(data)},
            "margin": round(margin, 6),
            "resize": resize,
            "classes": list(match.classes),
            "left_out": {
                "faces": len(data) - len(rows),
                "dataset_classes": list(match.only_dataset),
                "model_classes": list(match.only_model),
            },
        },
        match.classes,
        probabilities,
        labels,
        affect={} if answers.affect is None else affect_figures(answers.affect, _affect(data, rows)),
        bootstrap_draws=bootstrap_draws,
        people=_people(data, rows),
    )
    return LabelledRun(report, rows, probabilities, labels)


def match_model(model: ShelvedModel, data: LabelledSet, *, common_classes: bool) -> LabelMatch:
    """The classes that a model is scored on.

    Raises:
        DatasetError: see `label_matching.match_labels`.
        ModelShapeError: the model is no expression classifier.
    """
    manifest = expression_manifest(model)
    return match_labels(
        manifest.labels, data.labels, common_only=common_classes, model_name=manifest.name, dataset_name=data.name
    )


def _affect(data: LabelledSet, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    pairs = [(data.faces[row].valence, data.faces[row].arousal) for row in rows]
    return np.array([[np.nan if value is None else value for value in pair] for pair in pairs], np.float64)


def _people(data: LabelledSet, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.str_] | None:
    """Whose faces they are; None unless the set says so of every one."""
    names = [data.faces[row].subject for row in rows]
    return None if any(name is None for name in names) else np.array([str(name) for name in names])
