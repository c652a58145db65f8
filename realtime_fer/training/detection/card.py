"""Write CARD.md for an exported face detector: every figure in it is measured here, on the shipped ONNX file.

What can only be told, not measured (where the data comes from, how training went, what fails and why), a person writes
in NOTES.md beside the model; it becomes the end of the card. Called by `realtime-fer card`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime_fer.errors import DatasetError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.evaluation.detection.average_precision import DetectionScores
from realtime_fer.evaluation.detection.empty_crops import MIN_CROP_PX, read_empty_crops
from realtime_fer.evaluation.detection.false_faces import pictures_of, surest_faces
from realtime_fer.evaluation.detection.intervals import DRAWS
from realtime_fer.evaluation.detection.own_size import LARGEST_LONG_SIDE_PX, SMALLEST_LONG_SIDE_PX, open_for_evaluation
from realtime_fer.evaluation.detection.report import DetectionReport, evaluate_detection
from realtime_fer.evaluation.detection.robustness import DETECTION_ROBUSTNESS_TABLE, score_spoiled
from realtime_fer.evaluation.detection.speed import detector_milliseconds
from realtime_fer.training.detection.card_tables import (
    EmptyPictures,
    false_face_table,
    robustness_table,
    size_table,
    smallest_face_table,
    source_table,
    speed_table,
)
from realtime_fer.training.detection.card_text import CARD
from realtime_fer.zoo.manifest import DetectorManifest, read_manifest
from realtime_fer.zoo.precision import with_precision
from realtime_fer.zoo.shelf import ShelvedModel, list_models, verify_model

NOTES_NAME = "NOTES.md"
CURVES_NAME = "curves.png"

OWN_SIZE = "own size"

TRAINING_COMMAND_BEGINS = "realtime-fer train "


REFERENCE = "yolov8n-face"
"""The detector whose float32 file the others' times are compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """`reports` by input size; `spoiled` by spoiling and input size; `speeds` by input's height and width, and model."""

    reports: Mapping[str, DetectionReport]
    empty: Mapping[str, EmptyPictures]
    spoiled: Mapping[str, Mapping[str, DetectionScores]]
    speeds: Mapping[tuple[int, int], Mapping[str, float]]


def write_detector_card(
    folder: Path,
    data: Path,
    *,
    training_command: str | None = None,
    notes: Path | None = None,
    run: Path | None = None,
    cpu: str = "x86-64",
    draws: int = DRAWS,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Measure an exported detector and write `CARD.md` beside it.

    Args:
        folder: the model's, with `manifest.json`.
        data: holds `val/` in YOLO layout and perhaps `negatives/`, pictures without a face.
        training_command: what made the weights, as typed, one command a line; may be left out where the notes have it.
        notes: Markdown that is put at the end; default the folder's own NOTES.md, where there is one.
        run: folder of the training run, for its `curves.png`.
        cpu: what the speed is measured on.
        draws: of the bootstrap.
        progress: told what is being measured; a card takes minutes.

    Returns:
        The card.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used or is no face detector.
        DatasetError: `data` cannot be used, or nobody says how the weights were made.
    """
    manifest = read_manifest(folder)
    if not isinstance(manifest, DetectorManifest):
        raise ModelShapeError(f"{folder}: expected a face detector, found a model for {manifest.task}")
    model = ShelvedModel(folder, manifest)
    verify_model(model)
    text_of_notes = _read_notes(folder, notes)
    if training_command is None and TRAINING_COMMAND_BEGINS not in text_of_notes:
        raise DatasetError(
            f"{folder}: expected the training command, in {NOTES_NAME} or given by --training-command, found none; "
            f"a card says how its weights can be made again"
        )
    curves = None if run is None else run / CURVES_NAME
    if curves is not None and not curves.is_file():
        raise ModelNotFoundError(f"{curves}: expected the curves of the training run, found none")
    parameters = _parameters(model.weights)
    measured = _measure(model, manifest, data, progress)
    if curves is not None:
        shutil.copyfile(curves, folder / CURVES_NAME)
    every = measured.reports[_live_size(manifest)].scores["all"]
    text = CARD.format(
        **manifest.model_dump(include={"name", "version", "description", "file", "sha256", "stride", "trained_on"}),
        licence=manifest.licence,
        licence_note=manifest.licence_note,
        megabytes=manifest.size_bytes / 1e6,
        parameters=parameters / 1e6,
        values=5 + 3 * manifest.keypoints,
        points=", then x, y, visibility of five face points" if manifest.keypoints else "",
        side=manifest.long_side_px,
        threshold=f"{manifest.confidence_threshold:g}",
        overlap=f"{manifest.iou_threshold:g}",
        pictures=every.pictures,
        faces=every.faces,
        draws=draws,
        smallest=SMALLEST_LONG_SIDE_PX,
        largest=LARGEST_LONG_SIDE_PX,
        live_table=source_table(measured.reports[_live_size(manifest)], manifest, draws),
        own_table=source_table(measured.reports[OWN_SIZE], manifest, draws),
        smallest_face_table=smallest_face_table(measured.reports, manifest),
        size_table=size_table(measured.reports),
        robustness_table=robustness_table(measured.spoiled),
        crop=MIN_CROP_PX,
        false_face_table=false_face_table(measured.empty, manifest),
        onnxruntime=_onnxruntime_version(),
        cpu=cpu,
        speed_table=speed_table(measured.speeds, f"{REFERENCE} fp32"),
        ending=_ending(training_command, text_of_notes, curves=(folder / CURVES_NAME).is_file()),
    )
    path = folder / "CARD.md"
    path.write_text(text, encoding="utf-8")
    return path


def _live_size(manifest: DetectorManifest) -> str:
    return f"{manifest.long_side_px} px"


def _measure(model: ShelvedModel, manifest: DetectorManifest, data: Path, progress: Callable[[str], None]) -> _Measured:
    sizes = {_live_size(manifest): manifest.long_side_px, OWN_SIZE: None}
    val, negatives = data / "val", data / "negatives"
    progress(f"{manifest.name}: labelled pictures")
    reports = {size: evaluate_detection(model, manifest, val, long_side_px=side) for size, side in sizes.items()}
    if manifest.int8 is not None:
        eight = with_precision(model, "int8")
        label = f"{_live_size(manifest)}, int8"
        reports[label] = evaluate_detection(eight, manifest, val, long_side_px=manifest.long_side_px)
    detect = {size: open_for_evaluation(model, manifest, long_side_px=side).detect for size, side in sizes.items()}
    progress(f"{manifest.name}: pictures without a face")
    empty = {"crops of `val`": EmptyPictures(surest_faces(detect, read_empty_crops(val)), by_source=False)}
    if negatives.is_dir():
        # Which of them a model learnt from goes by source, so each has its row.
        empty["`negatives`"] = EmptyPictures(surest_faces(detect, pictures_of(negatives)), by_source=True)
    progress(f"{manifest.name}: spoiled pictures")
    spoiled = score_spoiled(
        detect, val, confidence_threshold=manifest.confidence_threshold, spoilings=DETECTION_ROBUSTNESS_TABLE
    )
    progress(f"{manifest.name}: speed")
    others = [m for m in list_models() if isinstance(m.manifest, DetectorManifest) and m.manifest.name != manifest.name]
    speeds = detector_milliseconds({name: path for m in (model, *others) for name, path in _weight_files(m).items()})
    return _Measured(reports, empty, spoiled, speeds)


def _weight_files(model: ShelvedModel) -> dict[str, Path]:
    """By what a table calls them."""
    manifest = model.manifest
    files = {f"{manifest.name} fp32": model.folder / manifest.file}
    if manifest.int8 is not None:
        files[f"{manifest.name} int8"] = model.folder / manifest.int8.file
    return files


def _read_notes(folder: Path, notes: Path | None) -> str:
    path = folder / NOTES_NAME if notes is None else notes
    if path.is_file():
        return path.read_text(encoding="utf-8")
    if notes is not None:
        raise DatasetError(f"{notes}: expected notes in Markdown, found no such file")
    return ""


def _ending(command: str | None, notes: str, *, curves: bool) -> str:
    """What follows the figures: the command where one is given, the notes, the picture of the training."""
    parts = []
    if command is not None:
        parts.append(f"## Training command\n\n```\n{command.strip()}\n```\n")
    if notes:
        parts.append(f"{notes.strip()}\n")
    if curves:
        parts.append(f"![Training curves]({CURVES_NAME})\n")
    return "".join(f"\n{part}" for part in parts)


def _parameters(weights: Path) -> int:
    try:
        import onnx
    except ImportError as error:
        raise missing_extra("describing a trained model", "train", error) from error
    return sum(int(np.prod(tensor.dims)) for tensor in onnx.load(str(weights)).graph.initializer)


def _onnxruntime_version() -> str:
    import onnxruntime

    return str(onnxruntime.__version__)
