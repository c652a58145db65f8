"""ExpLLM's reading of a face as an answer."""

from __future__ import annotations

from typing import Final

from realtime_fer.labels import UNKNOWN
from realtime_fer.reasoning.expllm.analyst import DESCRIBED, LABEL, ExpLlmAnalyst, FaceReading, Order
from realtime_fer.reasoning.expllm.claims import action_claims, expression_claim
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.said import said_sentence
from realtime_fer.reasoning.speaking import FaceWriter
from realtime_fer.reasoning.telling import Telling

NAME: Final = "expllm"
RATIONALE: Final = "rationale"
CONCLUSION: Final = "conclusion"

MAX_ANSWER_CHARS: Final = 100
"""Of an answer to the question for the label that is no label."""
MAX_DESCRIPTION_CHARS: Final = 4000
"""Of a description; the longest of the training has 1,000, and a network that cannot stop is cut."""


class ExpLlmReasoner(FaceWriter):
    """The network as a reasoner; tells the steps `label` and `description` token by token.

    Args:
        analyst: who is asked.
        version: which weights, for answers.
        face_margin: see `FaceWriter`.
    """

    def __init__(self, analyst: ExpLlmAnalyst, *, version: str, face_margin: float | None = 0.0) -> None:
        super().__init__(NAME, version, face_margin)
        self.analyst = analyst

    def _write(self, face: ImageRgb, telling: Telling) -> ReasoningAnswer:
        (reading,) = self.analyst.read([face], telling.tell if telling.is_heard else None)
        return self.answer(reading)

    def answer(self, reading: FaceReading) -> ReasoningAnswer:
        """A reading as an answer: what was said, and what it claims."""
        analysis = reading.analysis
        label = analysis.label
        claims = (*expression_claim(label), *action_claims(analysis.actions))
        share = None if label is None else reading.distribution.get(label)
        return ReasoningAnswer(
            steps=reading_steps(reading, self.analyst.order),
            compound_label=label,
            text=said_sentence(claims, share),
            model_name=self.name,
            model_version=self.version,
            claims=claims,
        )


def reading_steps(reading: FaceReading, order: Order) -> tuple[ChainStep, ...]:
    """Both answers in the order they were asked, and the description's last two parts where it has the published form.

    The label that is none of the list stands in its own words, cut; the description stands whole.
    """
    analysis = reading.analysis
    word = analysis.label or " ".join(analysis.answer.split())[:MAX_ANSWER_CHARS] or UNKNOWN
    steps = {
        LABEL: [ChainStep(LABEL, word, reading.distribution)],
        DESCRIBED: [ChainStep(DESCRIBED, analysis.description[:MAX_DESCRIPTION_CHARS] or UNKNOWN)],
    }
    if analysis.sections is not None:
        parts = ((RATIONALE, analysis.sections.rationale), (CONCLUSION, analysis.sections.conclusion))
        steps[DESCRIBED] += [ChainStep(name, text) for name, text in parts if text]
    return tuple(step for name in order.steps for step in steps[name])
