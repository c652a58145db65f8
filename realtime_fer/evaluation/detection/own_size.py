"""Still pictures are judged at their own size, not at that of a camera's frame.

A service that follows faces at 30 frames a second looks at 320 pixels; whoever has one picture and a second of time
does not shrink it. One session serves every size: the exports take any, and only the letterbox differs.
"""

from __future__ import annotations

from realtime_fer.detection.letterbox import STRIDE_PX, LetterboxPlan, plan_letterbox
from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.zoo.manifest import DetectorManifest
from realtime_fer.zoo.shelf import ShelvedModel

SMALLEST_LONG_SIDE_PX = 320
"""Below it pictures are enlarged: the networks learnt from inputs of this size."""

LARGEST_LONG_SIDE_PX = 1280
"""Above it pictures are shrunk: time and memory grow with the square of it."""

ALL_SCORES = 0.01
"""Average precision is over all scores; below this one nothing comes in that could still count."""

MAX_FACES = 1000
"""On a picture of a crowd there are more than a robot's camera ever sees; none is left out."""


def own_long_side(width: int, height: int) -> int:
    """Input size for a picture of `width` x `height` pixels: its long side, rounded up to a multiple of 32, 320 to 1280."""
    side = -(-max(width, height) // STRIDE_PX) * STRIDE_PX
    return min(max(side, SMALLEST_LONG_SIDE_PX), LARGEST_LONG_SIDE_PX)


class YoloV8FaceAtOwnSize(YoloV8FaceOnnx):
    """The service's detector, except that every picture is seen at its own size. An export of one fixed size keeps that."""

    def _plan(self, width: int, height: int) -> LetterboxPlan:
        if self._fixed_hw is not None:
            return super()._plan(width, height)
        return plan_letterbox(width, height, long_side_px=own_long_side(width, height))


def open_for_evaluation(
    model: ShelvedModel, manifest: DetectorManifest, *, long_side_px: int | None, threads: int = 1
) -> YoloV8FaceOnnx:
    """A shipped detector that returns faces of every score, however many there are.

    Args:
        model: where its weights lie.
        manifest: its manifest.
        long_side_px: input size; None shows each picture at its own size.
        threads: of the CPU.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    kind = YoloV8FaceAtOwnSize if long_side_px is None else YoloV8FaceOnnx
    return kind(
        model.weights,
        long_side_px=manifest.long_side_px if long_side_px is None else long_side_px,
        confidence_threshold=ALL_SCORES,
        iou_threshold=manifest.iou_threshold,
        max_faces=MAX_FACES,
        intra_op_threads=threads,
        name=manifest.name,
    )
