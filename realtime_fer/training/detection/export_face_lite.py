"""Export a trained FaceLite to ONNX, with its manifest, after proving that both answer alike.

The file has the input and output layout of a YOLOv8 detector with one class, so the same runtime reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime_fer.networks.face_lite import STRIDES_PX, FaceLite, FaceLiteForExport
from realtime_fer.training.detection.detector_folder import write_detector_folder
from realtime_fer.training.exporting.trained import load_average

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
        ModelNotFoundError, ModelCorruptError: see `exporting.trained.load_average`.
    """
    return load_average(checkpoint, "a FaceLite training", lambda _saved: FaceLite())


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

    return write_detector_folder(
        model,
        out,
        NAME,
        version=version,
        licence=LICENCE,
        licence_note=LICENCE_NOTE,
        description=DESCRIPTION,
        trained_on=trained_on,
        stride=max(STRIDES_PX),
        places="cells",
        long_side_px=long_side_px,
        confidence_threshold=confidence_threshold,
        iou_threshold=iou_threshold,
        pictures=pictures,
    )
