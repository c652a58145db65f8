"""Chain-of-Affect: ask for the strongest emotion, then for the next one, and name what both amount to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from realtime_fer.labels import UNKNOWN
from realtime_fer.reasoning.chain_of_affect.answer_label import Matching, answer_label
from realtime_fer.reasoning.chain_of_affect.compound_labels import CompoundLabel, compound_label
from realtime_fer.reasoning.chain_of_affect.face import cut_face
from realtime_fer.reasoning.chain_of_affect.label_set import NEUTRAL, PUBLISHED_LABELS, ChainLabels
from realtime_fer.reasoning.chain_of_affect.model import ChainModel, Picture, Reply
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION_COMPOUND_TEST, second_candidates, second_question
from realtime_fer.reasoning.chain_of_affect.sentence import chain_sentence
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest

PRIMARY: Final = "primary"
SECONDARY: Final = "secondary"

MAX_ANSWER_CHARS: Final = 100
"""Of an answer that is no label; a babbling model is cut short."""


@dataclass(frozen=True, slots=True)
class ChainResult:
    """Two questions and their answers.

    Attributes:
        first, second: the replies; `second` is None where it was not asked.
        primary, secondary: the labels they mean; None where none of them, `secondary` also where it was not asked.
        compound: what both amount to.
    """

    first: Reply
    primary: str | None
    second: Reply | None
    secondary: str | None
    compound: CompoundLabel


@dataclass(frozen=True, slots=True)
class ChainRules:
    """How the chain is asked and read.

    Attributes:
        first_question: its wording.
        neutral_hint: the second question suggests "Neutral" for what is hardly there.
        second_after_neutral: ask the second question even where the first answer is Neutral, as the prototype did; its answer
            changes nothing.
        min_second_probability: a second emotion less likely than this does not count. The published model was never taught to
            say that there is none, and always names one; 0 believes it.
        matching: how strictly answers in words are read.
        labels: what the answers may be.
    """

    first_question: str = FIRST_QUESTION_COMPOUND_TEST
    neutral_hint: bool = False
    second_after_neutral: bool = False
    min_second_probability: float = 0.0
    matching: Matching = Matching.EXACT
    labels: ChainLabels = PUBLISHED_LABELS


def ask_chain(picture: Picture, rules: ChainRules) -> ChainResult:
    """Ask both questions about one face."""
    labels = rules.labels
    first = picture.ask(rules.first_question, labels.first)
    primary = answer_label(first.text, rules.matching, labels.first)
    if primary == NEUTRAL and not rules.second_after_neutral:
        return ChainResult(first, primary, None, None, compound_label(primary, NEUTRAL, labels))
    # As published, a first answer that is no label is passed on in its own words.
    named = primary or first.text
    second = picture.ask(second_question(named, rules.neutral_hint, labels), second_candidates(named, labels))
    secondary = answer_label(second.text, rules.matching, labels.every)
    counts = secondary
    if (
        secondary is not None
        and second.distribution is not None
        and second.distribution[secondary] < rules.min_second_probability
    ):
        counts = NEUTRAL
    return ChainResult(first, primary, second, secondary, compound_label(primary, counts, labels))


class ChainReasoner:
    """The chain as a reasoner (see `reasoner.Reasoner`).

    Args:
        model: who is asked.
        rules: how.
        face_margin: of the face that is shown to it, see `cut_face`; None for the whole crop of the request.
        shown: cuts the face in another way instead.
    """

    def __init__(
        self,
        model: ChainModel,
        rules: ChainRules,
        face_margin: float | None = None,
        shown: Callable[[ReasoningRequest], ImageRgb] | None = None,
    ) -> None:
        self.name = model.name
        self.version = model.version
        self._model = model
        self._rules = rules
        self._face_margin = face_margin
        self._shown = shown

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """Both answers about a face, with their distributions, the compound label and a sentence.

        Raises:
            Exception: whatever the model raises.
        """
        face = request.crop_rgb
        if self._shown is not None:
            face = self._shown(request)
        elif self._face_margin is not None:
            face = cut_face(face, request.face_xyxy, self._face_margin)
        result = ask_chain(self._model.look(face), self._rules)
        return ReasoningAnswer(
            steps=chain_steps(result),
            compound_label=result.compound.name,
            text=chain_sentence(
                result.compound,
                result.primary,
                _probability(result.first, result.primary),
                result.secondary,
                None if result.second is None else _probability(result.second, result.secondary),
                none=self._rules.labels.none,
            ),
            model_name=self.name,
            model_version=self.version,
        )


def chain_steps(result: ChainResult) -> tuple[ChainStep, ...]:
    """The questions that were asked; an answer that is no label stands in its own words, cut."""
    asked = [(PRIMARY, result.primary, result.first)]
    if result.second is not None:
        asked.append((SECONDARY, result.secondary, result.second))
    return tuple(ChainStep(name, label or _short(reply.text) or UNKNOWN, reply.distribution) for name, label, reply in asked)


def _short(text: str) -> str:
    return " ".join(text.split())[:MAX_ANSWER_CHARS]


def _probability(reply: Reply, label: str | None) -> float | None:
    return None if label is None or reply.distribution is None else reply.distribution[label]
