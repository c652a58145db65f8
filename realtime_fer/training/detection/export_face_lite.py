"""Export a trained FaceLite to ONNX, with its manifest, after proving that both answer alike.

The file has the input and output layout of a YOLOv8 detector with one class, so the same runtime reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.training.detection.agreement import compare_with_torch
from realtime_fer.training.detection.onnx_form import write_detector_onnx

try:
    import torch
except ImportError as error:
    raise missing_extra("exporting FaceLite", "train", error) from error

from realtime_fer.networks.face_lite import STRIDES_PX, FaceLite, FaceLiteForExport
from realtime_fer.training.exporting.model_folder import write_model_folder

log = logging.getLogger(__name__)

NAME = "face-lite"

LICENCE = "Apache-2.0"
LICENCE_NOTE = (
    "Trained by this package's own code on pictures whose publishers state CC BY 4.0 or MIT. Not every photographer was "
    "asked: some of those collections gathered photos from the web. Check it before you rely on it."
)
DESCRIPTION = (
    "Small face detector without anchor boxes (residual backbone, feature pyramid, one box a cell), any input size that is "
    "a multiple of 32 pixels."
)
TRAINED_ON = (
    "687 pictures with 1,071 faces (indoor video frames, everyday scenes, portraits), 172 pictures without a face, composites "
    "of both"
)


def load_trained(checkpoint: Path) -> tuple[FaceLite, dict[str, Any]]:
    """The moving average of a training run, in evaluation mode, and everything else the checkpoint holds.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no checkpoint of `training.face_lite`.
    """
    if not checkpoint.is_file():
        raise ModelNotFoundError(f"{checkpoint}: expected a checkpoint of a FaceLite training, found none")
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model = FaceLite()
        model.load_state_dict(saved["average"])
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(f"{checkpoint}: not a checkpoint of a FaceLite training ({error})") from error
    return model.eval(), saved


def export_face_lite(
    checkpoint: Path,
    out: Path,
    *,
    version: str = "1.0",
    trained_on: str = TRAINED_ON,
    long_side_px: int = 320,
    confidence_threshold: float = 0.45,
    iou_threshold: float = 0.5,
    pictures: Sequence[Path] = (),
) -> Path:
    """Write `out/face-lite.onnx` and `out/manifest.json`; each appears whole or not at all.

    Batch normalisation is folded into the convolutions; batch, height and width are free. Input `images`: float32, shape
    (batch, 3, height, width), RGB in [0, 1]. Output `output0`: float32, shape (batch, 5, cells): cx, cy, w, h in pixels of
    the input, confidence.

    Args:
        checkpoint: `last.pt` of a training run.
        out: folder of the model, made when absent.
        trained_on: which data, for the manifest.
        long_side_px, confidence_threshold, iou_threshold: settings the model is meant to be used with.
        pictures: real pictures that torch and ONNX Runtime must agree on, besides random ones.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_trained`; or a picture cannot be read.
        ModelError: the exported file answers otherwise than torch does; nothing is written then.
    """
    network, _ = load_trained(checkpoint)
    model = FaceLiteForExport(network).eval()

    def write(draft: Path) -> None:
        write_detector_onnx(model, draft, stride_px=max(STRIDES_PX), places="cells", licence=LICENCE, licence_note=LICENCE_NOTE)
        box_px, confidence = compare_with_torch(model, draft, pictures)
        log.info("%s: largest difference to torch %.2g px and %.2g in confidence", NAME, box_px, confidence)

    fields = {
        "version": version,
        "task": "face-detection",
        "licence": LICENCE,
        "licence_note": LICENCE_NOTE,
        "description": DESCRIPTION,
        "trained_on": trained_on,
        "head": "yolov8",
        "keypoints": 0,
        "stride": max(STRIDES_PX),
        "long_side_px": long_side_px,
        "confidence_threshold": confidence_threshold,
        "iou_threshold": iou_threshold,
    }
    return write_model_folder(out, NAME, write, fields)
