"""What is published of the slow path: one question about one face, the words on the way, its end, and how the reasoner does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from realtime_fer.publishing.envelope import CaptureStamps, Count, Label, LatencyHealth, Milliseconds, Probability, WireModel

Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class KeyframeEvidence(WireModel):
    """The numbers the choice of a keyframe was made on, at the time of the choice."""

    in_view_s: Seconds = Field(description="Since the track was first classified.")
    since_asked_s: Seconds | None = Field(description="Since the last question about this track; null where this is the first.")
    settled_s: Seconds = Field(description="For so long the smoothed probabilities had stayed where they were.")
    waiting_s: Seconds = Field(description="Since a reason first held: other faces went before, or the budget was spent.")
    change: Probability | None = Field(
        description="Total variation distance of the smoothed probabilities from those at the last question; null at the first."
    )
    best_label: Label = Field(description="The likeliest expression.")
    best_probability: Probability
    second_label: Label = Field(description="The next likeliest.")
    second_probability: Probability
    quality: Probability = Field(description="Of the picture that was sent.")
    quality_asked: Probability | None = Field(description="Of the last question's picture; null where this is the first.")


class ReasoningStep(WireModel):
    """One question of a chain, and its answer."""

    question: str = Field(min_length=1, description='Its name, for instance "primary" or "secondary".')
    label: str = Field(min_length=1, description="The answer, in the words of the reasoner.")
    distribution: dict[str, Probability] | None = Field(
        description="Probability by label, summing to 1; null where the reasoner gives none."
    )


class ReasoningClaim(WireModel):
    """One thing the reasoner says of the face. Said, not measured: only `grounding` has to do with a measurement."""

    kind: Label = Field(description="action_unit or expression.")
    name: str = Field(min_length=1, description='Of the action ("lip corner puller") or the expression ("happiness").')
    code: str | None = Field(description='Of the action, "AU12"; null for expressions and for actions without a number.')
    side: Label | None = Field(description="left or right; null for both, or where it was not said.")
    intensity: str | None = Field(description='The words for how strong it is ("slightly"); null where there are none.')
    present: bool = Field(description='False where it is denied ("no brow lowering").')
    grounding: Label = Field(
        description="agree or contradict: how what the fast path measured on the same picture stands to it; unknown: nothing "
        "was measured that could tell."
    )
    evidence: str | None = Field(description="The measurement behind the grounding, for people; null where that is unknown.")


class ReasoningAnswer(WireModel):
    """What the reasoner said."""

    steps: Annotated[tuple[ReasoningStep, ...], Field(min_length=1)] = Field(
        description="The chain, in the order it was asked."
    )
    compound_label: str | None = Field(
        description='What the steps amount to, for instance "Sadly Surprised"; null where the reasoner names none.'
    )
    text: str = Field(description="One sentence for people, made from the values above.")
    model: str = Field(min_length=1, description="Name of the model.")
    version: str = Field(description="Of the model's weights.")
    # Publishers of 1.1 do not say it.
    claims: tuple[ReasoningClaim, ...] = Field(
        default=(), description="What it says one by one, as far as it could be read; claims may contradict each other."
    )


class ReasoningError(WireModel):
    """Why there is no answer."""

    kind: Label = Field(
        description="raised (the reasoner raised), timed_out (killed), died (its process ended), garbage (what came back is no "
        "answer), unsendable (the question is too large), or unavailable (the reasoner was given up)."
    )
    message: str = Field(description="One line.")


class ReasoningContent(CaptureStamps):
    """The end of one question. Frame and stamps are those of the keyframe, the picture that was sent."""

    keyframe_id: Count = Field(description="Counts the keyframes of this run of the service, from 0.")
    track_id: int = Field(ge=1, description="Whose face.")
    reason: Label = Field(
        description="Why this moment: new_face, expression_changed, mixed, uncertain, better_picture or long_unasked."
    )
    evidence: KeyframeEvidence | None = Field(description="The numbers behind the reason; null where they are no longer known.")
    asked_unix_ns: Count = Field(description="When the question was asked, nanoseconds since 1970-01-01 UTC.")
    asked_monotonic_ns: Count = Field(description="The same moment on the machine's monotonic clock, nanoseconds.")
    answered_unix_ns: Count = Field(description="When the answer came or the failure was seen, as asked_unix_ns.")
    answered_monotonic_ns: Count = Field(description="The same moment, as asked_monotonic_ns.")
    latency_ms: Milliseconds = Field(description="From asked to answered; waiting for the reasoner included.")
    answer: ReasoningAnswer | None = Field(description="Null exactly where there is an error.")
    error: ReasoningError | None = Field(description="Null exactly where there is an answer.")

    @model_validator(mode="after")
    def _require_one_end(self) -> ReasoningContent:
        if (self.answer is None) == (self.error is None):
            raise ValueError(f"expected an answer or an error, found {'neither' if self.answer is None else 'both'}")
        return self


class ReasoningPartialContent(CaptureStamps):
    """The words so far on one step of an answer that is being made. Frame and stamps are those of the keyframe."""

    keyframe_id: Count = Field(description="Of the question; the reasoning message that ends it has the same.")
    track_id: int = Field(ge=1, description="Whose face.")
    step: str = Field(min_length=1, description="Name of the step of the chain, as in the answer's steps.")
    text: str = Field(
        description="Its answer so far, the whole of it: a later message of the same step takes the place of this one."
    )
    part: Count = Field(description="Counts the partial messages of this question, from 0.")


class TrackReasoningContent(CaptureStamps):
    """The last answer about one face that is still followed, so that who comes late hears it."""

    track_id: int = Field(ge=1, description="Also the end of the topic.")
    event: Literal["answered", "ended"] = Field(description='"ended" (the track has) is the last message of its topic.')
    keyframe_id: Count | None = Field(description='Of the question; null where "ended".')
    reason: Label | None = Field(description='Why that moment, as in the reasoning message; null where "ended".')
    answer: ReasoningAnswer | None = Field(description='Null where "ended".')


class ReasonerHealth(WireModel):
    """State and counts of the reasoner. asked = answered + failed + replaced + cancelled + waiting + (1 while busy)."""

    state: Label = Field(
        description="starting, ready, busy, backing_off (starts anew in a moment), failed (given up), or stopped. "
        "The service goes on in each of them."
    )
    name: str = Field(description="Of the model; empty until it was ready once.")
    version: str = Field(description="Of its weights; empty until it was ready once.")
    pid: int | None = Field(description="Of the reasoner's process; null while there is none.")
    last_error: str | None = Field(description="One line; null where nothing went wrong.")
    waiting: Count = Field(description="Questions in line.")
    asked: Count = Field(description="Questions since the start.")
    answered: Count
    failed: Count = Field(description="Ended without an answer.")
    timed_out: Count = Field(description="Of those failed: took too long.")
    replaced: Count = Field(description="Thrown out by a newer question before they were asked.")
    cancelled: Count = Field(description="Of faces that went away.")
    restarts: Count = Field(description="Processes started after the first.")
    latency_ms: LatencyHealth | None = Field(description="Question to answer over the last answers; null before the first.")
