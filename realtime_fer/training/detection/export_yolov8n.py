"""Export a trained `.pt` detector to ONNX, with its manifest, after proving that both answer alike.

`realtime-fer export detector` calls `export_detector`. Needs the `train` extra; nothing of it is needed to run
the exported file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.training.detection.detector_folder import write_detector_folder

# ultralytics would install packages and ask the network on its own, unless told before its import.
for _key, _value in {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}.items():
    os.environ.setdefault(_key, _value)
try:
    from ultralytics.nn.modules import C2f, Detect
    from ultralytics.nn.tasks import load_checkpoint
except ImportError as error:  # pragma: no cover - depends on the installation
    raise missing_extra("exporting a detector", "train", error) from error

STRIDE_PX = 32

LICENCE = "AGPL-3.0"
LICENCE_NOTE = "Trained with ultralytics (AGPL-3.0): using these weights in a product brings that licence's terms."


def export_detector(
    weights: Path,
    out: Path,
    *,
    name: str = "yolov8n-face",
    version: str = "1.0",
    description: str = "YOLOv8n face detector, one class, any input size that is a multiple of 32 pixels.",
    trained_on: str,
    long_side_px: int = 320,
    confidence_threshold: float = 0.4,
    iou_threshold: float = 0.5,
    pictures: Sequence[Path] = (),
) -> Path:
    """Write `out/<name>.onnx` and `out/manifest.json`; both appear whole or not at all.

    The moving average of the weights is exported where the checkpoint has one, batch normalisation folded into
    the convolutions, with free batch, height and width. Input `images`: float32, shape (batch, 3, height, width), RGB in
    [0, 1]. Output `output0`: float32, shape (batch, 5, anchors): cx, cy, w, h in pixels of the input, confidence.

    Args:
        weights: checkpoint as ultralytics writes it; a pickle, so load only your own.
        out: folder of the model, made when absent.
        trained_on: which data, for the manifest.
        long_side_px, confidence_threshold, iou_threshold: settings the model is meant to be used with.
        pictures: real pictures that torch and ONNX Runtime must agree on, besides random ones.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError: there is no file `weights`, or a picture cannot be read.
        ModelCorruptError: `weights` is not an ultralytics checkpoint.
        ModelShapeError: it is not a detector with one class.
        ModelError: the exported file answers otherwise than torch does; nothing is written then.
    """
    model = _load_for_export(weights)

    return write_detector_folder(
        model,
        out,
        name,
        version=version,
        licence=LICENCE,
        licence_note=LICENCE_NOTE,
        description=description,
        trained_on=trained_on,
        stride=STRIDE_PX,
        places="anchors",
        long_side_px=long_side_px,
        confidence_threshold=confidence_threshold,
        iou_threshold=iou_threshold,
        pictures=pictures,
    )


def _load_for_export(weights: Path) -> Any:
    """The network in evaluation form, folded, answering with its decoded head alone."""
    if not weights.is_file():
        raise ModelNotFoundError(f"{weights}: no such checkpoint")
    try:
        # Takes the moving average (`ema`) where there is one.
        model, _ = load_checkpoint(str(weights), device="cpu", fuse=True)
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(f"{weights}: not a checkpoint of ultralytics ({type(error).__name__}: {error})") from error
    model = model.float().eval()
    head = model.model[-1]
    # Pose and other heads are subclasses of Detect with other outputs.
    if type(head) is not Detect or head.nc != 1:
        raise ModelShapeError(
            f"{weights}: expected a detection head with one class, found {type(head).__name__} with {getattr(head, 'nc', '?')}"
        )
    # As ultralytics' own exporter sets them: decoded boxes alone come out, and the grid follows the input's size.
    head.export, head.dynamic, head.format = True, True, "onnx"
    for module in model.modules():
        if isinstance(module, C2f):
            # The same arithmetic with a fixed split instead of one computed from shapes: 100 nodes fewer.
            module.forward = module.forward_split
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model
