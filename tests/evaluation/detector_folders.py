"""A detector and labelled pictures made on the spot: the detector sees a face in the middle of everything red."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_fer.types import FaceDetection
from tests.detection.yolo_graphs import save_brightness_head

MIDDLE = "0 0.5 0.5 0.5 0.5\n"
"""A label where that detector puts its box, on a picture whose sides are multiples of 32."""

Box = tuple[float, float, float, float]


def save_detector(folder: Path, name: str = "tiny", **fields: Any) -> Path:
    """A model folder whose detector answers with one box, half of the input each way, as sure as the picture is red."""
    folder.mkdir(parents=True)
    content = save_brightness_head(folder / f"{name}.onnx").read_bytes()
    manifest = {
        "name": name,
        "version": "1.0",
        "task": "face-detection",
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "licence": "Apache-2.0",
        "licence_note": "None of it is real.",
        "description": "Sees red.",
        "trained_on": "nothing",
        "head": "yolov8",
        "keypoints": 0,
        "stride": 32,
        "long_side_px": 64,
        "confidence_threshold": 0.5,
        "iou_threshold": 0.5,
        **fields,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def save_pictures(folder: Path, pictures: Mapping[str, tuple[int, str]], *, size: tuple[int, int] = (160, 160)) -> Path:
    """A folder in YOLO layout: by name of the picture, how red it is (0 to 255) and its label file."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for name, (red, labels) in pictures.items():
        image = np.zeros((*size, 3), np.uint8)
        image[..., 2] = red
        cv2.imwrite(str(folder / "images" / f"{name}.png"), image)
        if labels:
            (folder / "labels" / f"{name}.txt").write_text(labels)
    return folder


def face(box: Box, confidence: float) -> FaceDetection:
    return FaceDetection(np.array(box, np.float32), confidence)
