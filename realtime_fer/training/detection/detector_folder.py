"""The model folder that both detectors ship as: ONNX, proved to answer as the network does, and manifest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime_fer.training.detection.agreement import compare_with_torch
from realtime_fer.training.detection.onnx_form import write_detector_onnx
from realtime_fer.training.exporting.model_folder import write_model_folder

log = logging.getLogger(__name__)


def write_detector_folder(
    model: Any,
    out: Path,
    name: str,
    *,
    version: str,
    licence: str,
    licence_note: str,
    description: str,
    trained_on: str,
    stride: int,
    places: str,
    pictures: Sequence[Path],
    **settings: Any,
) -> Path:
    """Write `out/<name>.onnx` and `out/manifest.json`; both appear whole or not at all.

    Args:
        model: torch module in export form, see `onnx_form.write_detector_onnx`; also for `stride` and `places`.
        out: folder of the model, made when absent.
        version, licence, licence_note, description, trained_on: of the manifest.
        pictures: real pictures that torch and ONNX Runtime must agree on, besides random ones.
        settings: of the manifest, that the model is meant to be used with.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError: a picture cannot be read.
        ModelError: the exported file answers otherwise than torch does; nothing is written then.
    """

    def write(draft: Path) -> None:
        write_detector_onnx(model, draft, stride_px=stride, places=places, licence=licence, licence_note=licence_note)
        box_px, confidence = compare_with_torch(model, draft, pictures)
        log.info("%s: largest difference to torch %.2g px and %.2g in confidence", name, box_px, confidence)

    fields = {
        "version": version,
        "task": "face-detection",
        "licence": licence,
        "licence_note": licence_note,
        "description": description,
        "trained_on": trained_on,
        "head": "yolov8",
        "keypoints": 0,
        "stride": stride,
        **settings,
    }
    return write_model_folder(out, name, write, fields)
