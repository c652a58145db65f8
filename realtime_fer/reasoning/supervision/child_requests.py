"""A question on its way to the child, JSON and the pixels as they are; and that it is no longer wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime_fer.errors import MessageError, ShapeError
from realtime_fer.reasoning.keyframes.keyframe import KeyframeReason
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.child_frames import Header, encode_frame


def encode_request(request: ReasoningRequest) -> bytes:
    """The message that asks this.

    Raises:
        MessageError: too large to be sent.
    """
    height, width = request.crop_rgb.shape[:2]
    header: dict[str, Any] = {
        "kind": "request",
        "request_id": request.request_id,
        "track_id": request.track_id,
        "frame_id": request.frame_id,
        "capture_monotonic_ns": request.capture_monotonic_ns,
        "capture_unix_ns": request.capture_unix_ns,
        "height": height,
        "width": width,
        "face_xyxy": list(request.face_xyxy),
        "probabilities": dict(request.probabilities),
        "reason": request.reason.value,
        "action_units": dict(request.action_units),
    }
    return encode_frame(header, request.crop_rgb.tobytes())


def encode_cancel(request_id: int) -> bytes:
    """The message that says that nobody wants the answer to this request any more."""
    return encode_frame({"kind": "cancel", "request_id": request_id})


def decode_request(header: Header, pixels: bytes) -> ReasoningRequest:
    """The question in a message; its crop is read-only.

    Raises:
        MessageError: fields are missing or do not fit together.
    """
    try:
        crop = np.frombuffer(pixels, np.uint8).reshape(header["height"], header["width"], 3)
        x0, y0, x1, y1 = (float(value) for value in header["face_xyxy"])
        return ReasoningRequest(
            request_id=header["request_id"],
            track_id=header["track_id"],
            frame_id=header["frame_id"],
            capture_monotonic_ns=header["capture_monotonic_ns"],
            capture_unix_ns=header["capture_unix_ns"],
            crop_rgb=crop,
            face_xyxy=(x0, y0, x1, y1),
            probabilities=header["probabilities"],
            reason=KeyframeReason(header["reason"]),
            action_units=header["action_units"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, ShapeError) as error:
        raise MessageError(f"request from the parent process: {type(error).__name__}: {error}") from error
