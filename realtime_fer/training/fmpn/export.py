"""Write FMPN, the authors' weights or our own, as ONNX with its manifest, after proving that both answer alike."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.labels import CKPLUS_LABELS, FERPLUS_LABELS, MMI_LABELS
from realtime_fer.training.exporting.calibration import fit_temperature
from realtime_fer.training.fmpn.trained import Trained, load_trained
from realtime_fer.types import FloatArray

try:
    import onnx
    import torch
except ImportError as error:
    raise missing_extra("exporting FMPN", "train", error) from error

from realtime_fer.networks.fmpn.export_form import FmpnForExport
from realtime_fer.training.exporting.half_storage import store_half
from realtime_fer.training.exporting.model_folder import write_model_folder
from realtime_fer.training.exporting.onnx_version import IR_VERSION, OPSET
from realtime_fer.training.exporting.same_answers import largest_difference
from realtime_fer.training.fmpn.transform import loaded_size

log = logging.getLogger(__name__)

NAME = "fmpn"
TOLERANCE = 2e-3
"""Largest difference of a logit, as a share of the largest logit where that is above 1, and of the mask. Over some forty
layers the same float32 numbers are added up in another order."""

HALF_TOLERANCE = 5e-2
"""With weights rounded to float16."""

OWN_FACE_MARGIN = 0.0
"""Of our own training: FER+ faces fill their pictures, as a detector's box does."""

PUBLISHED_FACE_MARGIN = -0.15
"""Added around the detector's box, as a share of its longer side, to get the face pictures that published weights were
trained on: tight crops, with the eyes at a quarter and three quarters of the width. An estimate from the published masks."""

LICENCE = "LicenseRef-unknown"
LICENCE_NOTE = "The terms of the data that these weights were trained on hold for them; nobody stated them at the export."
DESCRIPTION = (
    "FMPN-FER (Chen et al., VCIP 2019): a motion mask of the face, fused with the face, and a network that names "
    "the expression. Says which expression is shown, not what is felt."
)
TRAINED_ON = "not stated at the export"


def export_fmpn(
    weights: Path,
    out: Path,
    *,
    epoch: str | None = None,
    size_px: int | None = None,
    labels: Sequence[str] | None = None,
    with_mask: bool = True,
    half: bool = False,
    margin: float | None = None,
    version: str = "1.0",
    licence: str = LICENCE,
    licence_note: str = LICENCE_NOTE,
    trained_on: str = TRAINED_ON,
) -> Path:
    """Write `out/fmpn.onnx` and `out/manifest.json`; each appears whole or not at all.

    Input `faces`: float32 (N, 3, S, S), RGB 0..255. Outputs `logits`: float32 (N, C), and `mask`: float32 (N, 1, S, S) in
    [0, 1]. The temperature in the manifest is fitted on the faces that our own training held out, else it is 1.

    Args:
        weights: `last.pt` of the second stage or its folder, or the authors' three files (their folder, or one of them).
        epoch: of the authors' files, see `networks.fmpn.checkpoint.load_fmpn`.
        size_px: side of the faces, for the authors' files; None is 299.
        labels: of the outputs, in their order; None takes those of the checkpoint, or of the published data sets.
        with_mask: also write the mask, if the training had one; without it, any ONNX classifier's runtime takes the file.
        half: store the weights in float16, half the file.
        margin: of the face pictures trained on, see `OWN_FACE_MARGIN` and `PUBLISHED_FACE_MARGIN`; the crop in the manifest
            is that of their centre, as in training, unless the training showed them whole.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: see `load_trained`; or the labels do not fit.
        ModelError: the exported file answers otherwise than torch does; nothing is written then.
    """
    trained = load_trained(weights, epoch=epoch, size_px=size_px)
    size = trained.size_px
    with_mask = with_mask and trained.has_mask
    model = FmpnForExport(trained.model, with_mask=with_mask, grey_faces=trained.grey_faces).eval()
    if margin is None:
        margin = PUBLISHED_FACE_MARGIN if trained.epochs is None else OWN_FACE_MARGIN
    names = _labels(trained, labels, classes_of(model, size))

    def write(draft: Path) -> None:
        _write_onnx(model, draft, size)
        log.info("%s: largest difference to torch %.2g", NAME, compare_with_torch(model, draft, size))
        if half:
            onnx.save(store_half(onnx.load(str(draft))), str(draft))
            rounded = compare_with_torch(model, draft, size, HALF_TOLERANCE)
            log.info("%s: the same with weights stored in float16 %.2g", NAME, rounded)

    fields = {
        "version": version,
        "task": "expression",
        "system": NAME,
        "licence": licence,
        "licence_note": licence_note,
        "description": DESCRIPTION,
        "trained_on": trained_on,
        "labels": list(names),
        "crop": {
            "size_px": size,
            "colour": "rgb",
            "margin": round(margin if trained.whole_faces else crop_margin(margin, size), 4),
        },
        "temperature": 1.0 if trained.held_out is None else round(fit_temperature(*(p.numpy() for p in trained.held_out)), 4),
        "valence_arousal": None,
        # Absent where there is none, so that versions without masks read the manifest of such a model.
        **({"motion_mask": "predicted"} if with_mask else {}),
    }
    return write_model_folder(out, NAME, write, fields)


def crop_margin(margin: float, size_px: int) -> float:
    """The margin that cuts, straight from the frame, the centre of a face picture that was cut with `margin`."""
    return ((1 + 2 * margin) * size_px / loaded_size(size_px) - 1) / 2


def classes_of(model: FmpnForExport, size_px: int) -> int:
    """How many logits the classifier gives."""
    with torch.no_grad():
        return int(model.model.net_cls(torch.zeros(1, 3, size_px, size_px)).shape[1])


def compare_with_torch(model: FmpnForExport, onnx_file: Path, size_px: int, tolerance: float = TOLERANCE) -> float:
    """Largest difference of an output between torch and the export, see `same_answers.largest_difference`.

    Raises:
        ModelError: it is above `tolerance`, or an output is not a number.
    """

    def answers(faces: FloatArray) -> list[FloatArray]:
        with torch.no_grad():
            found = model(torch.from_numpy(faces))
        return [part.numpy() for part in (found if isinstance(found, tuple) else (found,))]

    return largest_difference(onnx_file, answers, size_px, tolerance)


def published_labels(classes: int) -> tuple[str, ...]:
    """The labels of published weights with so many outputs: AffectNet was used with those of CK+.

    Raises:
        ModelShapeError: no published data set has this number of classes.
    """
    for labels in (CKPLUS_LABELS, MMI_LABELS):
        if len(labels) == classes:
            return labels
    raise ModelShapeError(
        f"FMPN weights: expected 7 classes (CK+, AffectNet) or 6 (MMI), found {classes}; give --labels, in their order"
    )


def _labels(trained: Trained, asked: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    labels = tuple(asked) if asked else trained.labels or published_labels(classes)
    unknown = [label for label in labels if label not in FERPLUS_LABELS]
    if len(labels) != classes or unknown or len(set(labels)) != len(labels):
        raise ModelShapeError(
            f"labels: expected {classes} different ones of {', '.join(FERPLUS_LABELS)}, found {', '.join(labels)}; "
            "give them in the order of the outputs"
        )
    return labels


def _write_onnx(model: FmpnForExport, path: Path, size_px: int) -> None:
    outputs = ["logits", "mask"] if model.with_mask else ["logits"]
    torch.onnx.export(
        model,
        (torch.zeros(2, 3, size_px, size_px),),
        str(path),
        opset_version=OPSET,
        input_names=["faces"],
        output_names=outputs,
        dynamic_axes={name: {0: "N"} for name in ("faces", *outputs)},
        do_constant_folding=True,
        # The older exporter needs nothing but torch and writes a graph of standard operators.
        dynamo=False,
    )
    graph = onnx.load(str(path))
    graph.ir_version = min(graph.ir_version, IR_VERSION)
    onnx.helper.set_model_props(graph, {"task": "expression", "name": NAME})
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
