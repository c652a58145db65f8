"""Ask a reasoner about every face of a frame, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime_fer.describing.moments import Moment
from realtime_fer.reasoning.grounding import grounded
from realtime_fer.reasoning.keyframes.crop import as_question_picture, copy_face
from realtime_fer.reasoning.keyframes.keyframe import KeyframeReason
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.listener import Listener, SpeakingReasoner
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.types import Frame, TrackedExpression

RULES = KeyframeRules()
"""A face is cut as the service cuts it."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFace:
    """One face and what was said of it.

    Attributes:
        seen: what the fast path made of it.
        answer, error: exactly one of the two; the error is one line.
    """

    seen: TrackedExpression
    answer: ReasoningAnswer | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DescribedMoment:
    """A frame and all its faces, by `track_id`; `problem` where the picture could not be read."""

    moment: Moment
    faces: tuple[DescribedFace, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something is missing that another try might bring."""
        return self.moment.problem is not None or any(face.error is not None for face in self.faces)


def describe_moment(
    moment: Moment, reasoner: Reasoner, listen: Callable[[TrackedExpression], Listener] | None = None
) -> DescribedMoment:
    """Ask about each face; what a reasoner raises becomes the error of that face.

    Args:
        listen: makes the listener of one face's answer; used where the reasoner can be heard at work.

    Raises:
        MemoryError: the reasoner ran out of memory, and would again.
    """
    if moment.result is None:
        return DescribedMoment(moment)
    frame = moment.result.frame
    return DescribedMoment(moment, tuple(_describe(face, frame, reasoner, listen) for face in moment.result.faces))


def _describe(
    face: TrackedExpression, frame: Frame, reasoner: Reasoner, listen: Callable[[TrackedExpression], Listener] | None
) -> DescribedFace:
    request = question_about(face, frame)
    if request is None:
        return DescribedFace(face, error="the face lies outside the frame")
    try:
        if listen is not None and isinstance(reasoner, SpeakingReasoner):
            answer = reasoner.reason_aloud(request, listen(face))
        else:
            answer = reasoner.reason(request)
        return DescribedFace(face, grounded(answer, request))
    except MemoryError:
        raise
    except Exception as error:
        lines = str(error).splitlines()
        return DescribedFace(face, error=f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)


def question_about(face: TrackedExpression, frame: Frame) -> ReasoningRequest | None:
    """The question about a face, whatever it shows; None where nothing of it lies on the frame."""
    copied = copy_face(frame.image_bgr, face.track.bbox_xyxy, margin=RULES.margin)
    if copied is None:
        return None
    crop_rgb, face_xyxy = as_question_picture(*copied, max_side_px=RULES.max_side_px)
    seen = face.expression
    probabilities = {} if seen is None else dict(zip(seen.labels, seen.probabilities.tolist(), strict=True))
    return ReasoningRequest(
        request_id=frame.frame_id,
        track_id=face.track.track_id,
        frame_id=frame.frame_id,
        capture_monotonic_ns=frame.capture_monotonic_ns,
        capture_unix_ns=frame.capture_unix_ns,
        crop_rgb=crop_rgb,
        face_xyxy=face_xyxy,
        probabilities={label: min(1.0, max(0.0, share)) for label, share in probabilities.items()},
        reason=KeyframeReason.NEW_FACE,
    )


def moment_values(described: DescribedMoment, *, source: str, reasoner: Reasoner, options: str) -> dict[str, Any]:
    """One line of a log, as JSON takes it.

    Args:
        source: picture, folder or film, as the user named it; tells pictures of one name apart.
        options: fingerprint of the reasoner's options, which may hold secrets; tells answers under other options apart.
    """
    moment = described.moment
    return {
        "name": moment.name,
        "source": source,
        "fingerprint": moment.fingerprint,
        "frame_id": moment.frame_id,
        "time_s": None if moment.time_s is None else round(moment.time_s, 6),
        "reasoner": reasoner.name,
        "version": reasoner.version,
        "options": options,
        "problem": moment.problem,
        "faces": [_face_values(face) for face in described.faces],
    }


def _face_values(face: DescribedFace) -> dict[str, Any]:
    track, seen = face.seen.track, face.seen.expression
    return {
        "track_id": track.track_id,
        "bbox_xyxy": [round(float(edge), 2) for edge in track.bbox_xyxy],
        "confidence": round(track.confidence, 6),
        "expression": None if seen is None else seen.label,
        "probabilities": None
        if seen is None
        else {label: round(p, 6) for label, p in zip(seen.labels, seen.probabilities.tolist(), strict=True)},
        "answer": None if face.answer is None else _answer_values(face.answer),
        "error": face.error,
    }


def _answer_values(answer: ReasoningAnswer) -> dict[str, Any]:
    return {
        "text": answer.text,
        "compound_label": answer.compound_label,
        "steps": [
            {
                "question": step.question,
                "label": step.label,
                "distribution": None if step.distribution is None else {k: round(p, 6) for k, p in step.distribution.items()},
            }
            for step in answer.steps
        ],
        "claims": [
            {
                "kind": claim.kind.value,
                "name": claim.name,
                "code": claim.code,
                "side": claim.side,
                "intensity": claim.intensity,
                "present": claim.present,
                "grounding": claim.grounding.value,
                "evidence": claim.evidence,
            }
            for claim in answer.claims
        ],
        "model": answer.model_name,
        "version": answer.model_version,
    }
