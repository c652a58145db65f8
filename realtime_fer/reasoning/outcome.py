"""What comes back for a question: an answer or an error, never both, never neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from realtime_fer.errors import ShapeError
from realtime_fer.reasoning.claims import Claim
from realtime_fer.reasoning.keyframes.keyframe import KeyframeReason
from realtime_fer.reasoning.request import ReasoningRequest, require_shares

SUM_TOLERANCE = 1e-3
"""Distributions that went through float16 and through text still sum to 1 this well."""


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One question of a chain, and its answer.

    Attributes:
        question: its name, for instance "primary" or "secondary".
        label: the answer, in the words of the reasoner.
        distribution: probability by label, summing to 1; None where the reasoner does not give one.

    Raises:
        ShapeError: an empty name or label, or a distribution that is none.
    """

    question: str
    label: str
    distribution: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not self.question or not self.label:
            raise ShapeError(f"chain step: expected a question and a label, found {self.question!r} and {self.label!r}")
        if self.distribution is not None:
            require_shares(self.distribution, f"chain step {self.question}")
            total = sum(self.distribution.values())
            if abs(total - 1.0) > SUM_TOLERANCE:
                raise ShapeError(f"chain step {self.question}: expected a distribution that sums to 1, found {total:.4f}")


@dataclass(frozen=True, slots=True)
class ReasoningAnswer:
    """What a reasoner says about one face.

    Attributes:
        steps: the chain, in the order it was asked; at least one.
        compound_label: what the steps amount to, for instance "Sadly Surprised"; None where the reasoner names none.
        text: one sentence for people, made from the values above.
        model_name, model_version: who says so.
        claims: what the text says one by one, as far as it could be read.

    Raises:
        ShapeError: no steps, or no model name.
    """

    steps: tuple[ChainStep, ...]
    compound_label: str | None
    text: str
    model_name: str
    model_version: str
    claims: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        if not self.steps or not self.model_name:
            raise ShapeError(f"answer: expected steps and a model name, found {len(self.steps)} and {self.model_name!r}")


class FailureKind(str, Enum):
    """What went wrong with a question."""

    RAISED = "raised"
    """The reasoner raised; it goes on."""
    TIMED_OUT = "timed_out"
    """No answer in time; the process was killed."""
    DIED = "died"
    """The process ended while it was asked (crash, kill, out of memory)."""
    GARBAGE = "garbage"
    """What came back cannot be read as an answer."""
    UNSENDABLE = "unsendable"
    """The question is too large to be sent."""
    UNAVAILABLE = "unavailable"
    """The reasoner has failed for good."""


@dataclass(frozen=True, slots=True)
class ReasoningFailure:
    """Why a question has no answer; `message` is one line."""

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class ReasoningOutcome:
    """The end of one question.

    Attributes:
        request_id, track_id, frame_id, capture_monotonic_ns, capture_unix_ns, reason: of the request.
        asked_monotonic_ns, asked_unix_ns: when it was submitted.
        answered_monotonic_ns, answered_unix_ns: when the answer arrived or the failure was seen.
        answer, failure: exactly one of the two.

    Raises:
        ShapeError: both, or neither.
    """

    request_id: int
    track_id: int
    frame_id: int
    capture_monotonic_ns: int
    capture_unix_ns: int
    reason: KeyframeReason
    asked_monotonic_ns: int
    asked_unix_ns: int
    answered_monotonic_ns: int
    answered_unix_ns: int
    answer: ReasoningAnswer | None = None
    failure: ReasoningFailure | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.failure is None):
            raise ShapeError(
                f"outcome of request {self.request_id}: expected an answer or a failure, found "
                f"{'neither' if self.answer is None else 'both'}"
            )

    @property
    def latency_ms(self) -> float:
        """From submission to the end, milliseconds; waiting for the reasoner included."""
        return (self.answered_monotonic_ns - self.asked_monotonic_ns) / 1e6


@dataclass(frozen=True, slots=True, eq=False)
class AskedRequest:
    """A request and when it was submitted."""

    request: ReasoningRequest
    asked_monotonic_ns: int
    asked_unix_ns: int

    def ended(
        self,
        end: ReasoningAnswer | ReasoningFailure,
        *,
        monotonic_ns: int,
        unix_ns: int,
    ) -> ReasoningOutcome:
        """The outcome, at this time."""
        return ReasoningOutcome(
            request_id=self.request.request_id,
            track_id=self.request.track_id,
            frame_id=self.request.frame_id,
            capture_monotonic_ns=self.request.capture_monotonic_ns,
            capture_unix_ns=self.request.capture_unix_ns,
            reason=self.request.reason,
            asked_monotonic_ns=self.asked_monotonic_ns,
            asked_unix_ns=self.asked_unix_ns,
            answered_monotonic_ns=monotonic_ns,
            answered_unix_ns=unix_ns,
            answer=end if isinstance(end, ReasoningAnswer) else None,
            failure=end if isinstance(end, ReasoningFailure) else None,
        )
