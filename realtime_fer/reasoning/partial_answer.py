"""What a reasoner has said of an answer that it is still making."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fer.reasoning.request import ReasoningRequest


@dataclass(frozen=True, slots=True)
class PartialAnswer:
    """The words so far on one step of one question.

    Attributes:
        request_id, track_id, frame_id, capture_monotonic_ns, capture_unix_ns: of the request.
        step: name of the step.
        text: its answer so far, the whole of it from its beginning.
        part: counts what was heard of this question, from 0.
    """

    request_id: int
    track_id: int
    frame_id: int
    capture_monotonic_ns: int
    capture_unix_ns: int
    step: str
    text: str
    part: int

    @classmethod
    def to(cls, request: ReasoningRequest, *, step: str, text: str, part: int) -> PartialAnswer:
        """What was said so far to this request."""
        return cls(
            request_id=request.request_id,
            track_id=request.track_id,
            frame_id=request.frame_id,
            capture_monotonic_ns=request.capture_monotonic_ns,
            capture_unix_ns=request.capture_unix_ns,
            step=step,
            text=text,
            part=part,
        )
