"""YOLOv8n-face through ONNX Runtime."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime_fer.detection.faces_in_frame import DEFAULT_MAX_FACES, faces_in_frame
from realtime_fer.detection.letterbox import STRIDE_PX, Letterbox, LetterboxPlan, plan_letterbox, plan_letterbox_into
from realtime_fer.detection.nms import suppress_overlaps
from realtime_fer.detection.yolov8_decode import decode_yolov8, require_yolov8_output
from realtime_fer.errors import ModelError, ModelShapeError
from realtime_fer.inference.session import open_session, run_session
from realtime_fer.types import FaceDetection, ImageBgr, require_image_bgr

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

# A folder of pictures may hold as many sizes as pictures; a camera has one.
MAX_LETTERBOXES_KEPT = 8


class YoloV8FaceOnnx:
    """A YOLOv8 network with one class (face), with or without five face points.

    Takes exports of one fixed input size as well as those of any size; the second kind sees each frame in the
    smallest multiple of 32 pixels that holds it.

    Args:
        path: the ONNX file.
        long_side_px: longer side of the frame as the network sees it. A fixed-size export has its own.
        confidence_threshold: faces below it are not returned, in [0, 1].
        iou_threshold: overlap from which two boxes are one face, in [0, 1].
        max_faces: at most so many, the surest.
        intra_op_threads: see `inference.session.open_session`.
        providers: see there.
        name: for messages and logs; default is the file's name.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ModelNotFoundError: there is no such file.
        ModelCorruptError: the file is not an ONNX model.
        ModelShapeError: it is one, but its inputs or outputs are not those of such a network. This is found
            here, by a first run, not on the first frame.
        ModelError: a threshold is outside its range or a provider is not available.
    """

    def __init__(
        self,
        path: Path,
        *,
        long_side_px: int = 320,
        confidence_threshold: float = 0.4,
        iou_threshold: float = 0.5,
        max_faces: int = DEFAULT_MAX_FACES,
        intra_op_threads: int = 1,
        providers: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or path.stem
        self.last_model_ms = 0.0
        for key, value in (("confidence_threshold", confidence_threshold), ("iou_threshold", iou_threshold)):
            if not 0.0 <= value <= 1.0:
                raise ModelError(f"{self.name}: {key} must lie in [0, 1], found {value}")
        if long_side_px < STRIDE_PX:
            raise ModelError(f"{self.name}: long_side_px must be at least {STRIDE_PX}, found {long_side_px}")
        self._long_side_px = long_side_px
        self._confidence_threshold = confidence_threshold
        self._iou_threshold = iou_threshold
        self._max_faces = max_faces
        self._session = open_session(path, intra_op_threads=intra_op_threads, providers=providers)
        self._input_name, self._fixed_hw = _read_input(self._session, self.name)
        self._output_names = _read_output(self._session, self.name)
        self._letterboxes: dict[tuple[int, int], Letterbox] = {}
        self._warm_up()

    def detect(self, image_bgr: ImageBgr) -> list[FaceDetection]:
        """See `Detector.detect`."""
        require_image_bgr(image_bgr, self.name)
        height, width = image_bgr.shape[:2]
        letterbox = self._letterbox(width, height)
        blob = letterbox.fill(image_bgr)
        start_ns = time.perf_counter_ns()
        (output,) = self._session.run(self._output_names, {self._input_name: blob})
        self.last_model_ms = (time.perf_counter_ns() - start_ns) / 1e6
        candidates = decode_yolov8(output, confidence_threshold=self._confidence_threshold)
        if not len(candidates.confidences):
            return []
        kept = suppress_overlaps(
            candidates.boxes_xyxy, candidates.confidences, iou_threshold=self._iou_threshold, max_kept=self._max_faces
        )
        corners = candidates.boxes_xyxy[kept].reshape(-1, 2, 2)
        landmarks = candidates.landmarks_xy
        return faces_in_frame(
            letterbox.plan.to_frame(corners).reshape(-1, 4),
            candidates.confidences[kept],
            None if landmarks is None else letterbox.plan.to_frame(landmarks[kept]),
            frame_width=width,
            frame_height=height,
            max_faces=self._max_faces,
        )

    def _letterbox(self, width: int, height: int) -> Letterbox:
        known = self._letterboxes.get((width, height))
        if known is None:
            if len(self._letterboxes) >= MAX_LETTERBOXES_KEPT:
                self._letterboxes.clear()
            known = Letterbox(self._plan(width, height))
            self._letterboxes[(width, height)] = known
        return known

    def _plan(self, width: int, height: int) -> LetterboxPlan:
        if self._fixed_hw is None:
            return plan_letterbox(width, height, long_side_px=self._long_side_px)
        return plan_letterbox_into(width, height, input_width=self._fixed_hw[1], input_height=self._fixed_hw[0])

    def _warm_up(self) -> None:
        """One run on grey: the first run is slow, and a wrong head shows itself here."""
        # An odd shape on purpose: an export frozen to a square would refuse it, or answer with the wrong anchors.
        side = -(-self._long_side_px // STRIDE_PX) * STRIDE_PX
        height, width = self._fixed_hw or (max(STRIDE_PX, side - STRIDE_PX), side)
        blob = np.full((1, 3, height, width), 0.5, np.float32)
        (output,) = run_session(self._session, self._output_names, {self._input_name: blob}, self.name)
        require_yolov8_output(output, self.name)
        log.info("%s: input %s, head of %d values", self.name, self._fixed_hw or "of any size", output.shape[1])


def _read_input(session: onnxruntime.InferenceSession, what: str) -> tuple[str, tuple[int, int] | None]:
    """Name of the input, and its fixed (height, width) or None where the export takes any."""
    inputs = session.get_inputs()
    shapes = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
    expected = f"{what}: expected one input, float32 of shape (1, 3, height, width), found {shapes}"
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
        raise ModelShapeError(expected)
    batch, channels, height, width = inputs[0].shape
    # A free dimension is a name or None, a fixed one an int.
    if (isinstance(batch, int) and batch != 1) or (isinstance(channels, int) and channels != 3):
        raise ModelShapeError(expected)
    if isinstance(height, int) and isinstance(width, int):
        return inputs[0].name, (height, width)
    if isinstance(height, int) or isinstance(width, int):
        raise ModelShapeError(f"{expected}; height and width must be both fixed or both free")
    return inputs[0].name, None


def _read_output(session: onnxruntime.InferenceSession, what: str) -> list[str]:
    outputs = session.get_outputs()
    if len(outputs) != 1:
        found = ", ".join(f"{o.name} {o.shape}" for o in outputs)
        raise ModelShapeError(
            f"{what}: expected one output with the decoded head, found {len(outputs)} ({found}); "
            "exports that leave the decoding to the caller are not supported"
        )
    return [outputs[0].name]
