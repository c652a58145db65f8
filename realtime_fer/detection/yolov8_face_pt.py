"""YOLOv8n-face weights in ultralytics' own `.pt` form (the `yolo` extra, AGPL-3.0)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from realtime_fer.detection.faces_in_frame import DEFAULT_MAX_FACES, faces_in_frame
from realtime_fer.detection.yolov8_decode import LANDMARKS
from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.types import FaceDetection, FloatArray, ImageBgr, require_image_bgr

# A service never installs packages or asks the network on its own; ultralytics would, unless told before its import.
QUIET_ULTRALYTICS = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}

WARM_UP_SIDE_PX = 64


class YoloV8FacePt:
    """A `.pt` detector run by ultralytics and torch.

    A `.pt` file is a pickle: loading one can run code that is inside it. Load only files from people you trust;
    an ONNX export carries no code.

    Args:
        path: the `.pt` file; nothing is downloaded when it is missing.
        long_side_px: longer side of the frame as the network sees it.
        confidence_threshold, iou_threshold, max_faces: as of `YoloV8FaceOnnx`.
        device: as torch names it ("cpu", "cuda:0").
        name: for messages and logs; default is the file's name.

    Raises:
        MissingExtraError: ultralytics is not installed.
        ModelNotFoundError: there is no such file.
        ModelCorruptError: ultralytics cannot load it.
        ModelShapeError: it is not a detector or pose network with one class.
        ModelError: ultralytics is installed but cannot run, for instance where torch and torchvision do not match.
    """

    def __init__(
        self,
        path: Path,
        *,
        long_side_px: int = 320,
        confidence_threshold: float = 0.4,
        iou_threshold: float = 0.5,
        max_faces: int = DEFAULT_MAX_FACES,
        device: str = "cpu",
        name: str | None = None,
    ) -> None:
        self.name = name or path.stem
        self.last_model_ms = 0.0
        self._max_faces = max_faces
        self._arguments = {
            "imgsz": long_side_px,
            "conf": confidence_threshold,
            "iou": iou_threshold,
            "max_det": max_faces,
            "device": device,
            "verbose": False,
        }
        yolo = _import_yolo()
        # ultralytics would take a missing file as a wish to download it.
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: no such model file")
        try:
            self._model = yolo(str(path))
        except Exception as error:  # a broken pickle raises whatever it likes
            raise ModelCorruptError(f"{path}: ultralytics cannot load it ({type(error).__name__}: {error})") from error
        if self._model.task not in ("detect", "pose") or len(self._model.names) != 1:
            raise ModelShapeError(
                f"{path}: expected a detection or pose network with one class (face), found task {self._model.task!r} "
                f"with {len(self._model.names)} classes"
            )

        self._warm_up()

    def _warm_up(self) -> None:
        """One run on grey: the first one is slow, and an installation that does not work shows itself here."""
        try:
            self._model.predict(np.full((WARM_UP_SIDE_PX, WARM_UP_SIDE_PX, 3), 114, np.uint8), **self._arguments)
        except Exception as error:  # torch, torchvision and ultralytics raise whatever they like
            raise ModelError(
                f"{self.name}: ultralytics cannot run it here ({type(error).__name__}: {str(error).splitlines()[0]}); "
                "torch and torchvision must be of matching versions and builds"
            ) from error

    def detect(self, image_bgr: ImageBgr) -> list[FaceDetection]:
        """See `Detector.detect`."""
        require_image_bgr(image_bgr, self.name)
        start_ns = time.perf_counter_ns()
        (result,) = self._model.predict(image_bgr, **self._arguments)
        whole_ms = (time.perf_counter_ns() - start_ns) / 1e6
        # ultralytics times its network itself; the rest of its call is not the model's.
        self.last_model_ms = float(result.speed.get("inference") or whole_ms)
        height, width = image_bgr.shape[:2]
        return faces_in_frame(
            _as_numpy(result.boxes.xyxy).reshape(-1, 4),
            _as_numpy(result.boxes.conf).reshape(-1),
            _landmarks(result),
            frame_width=width,
            frame_height=height,
            max_faces=self._max_faces,
        )


def _landmarks(result: Any) -> FloatArray | None:
    """float32, shape (N, 5, 2); None where the network has not exactly five points."""
    if result.keypoints is None:
        return None
    points = _as_numpy(result.keypoints.xy)
    return points if points.shape[1:] == (LANDMARKS, 2) else None


def _as_numpy(tensor: Any) -> FloatArray:
    return np.asarray(tensor.cpu().numpy(), np.float32)


def _import_yolo() -> Any:
    for key, value in QUIET_ULTRALYTICS.items():
        os.environ.setdefault(key, value)
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise missing_extra("reading .pt weights", "yolo", error) from error
    return YOLO
