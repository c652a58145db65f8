from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from realtime_fer.reasoning.chain_of_affect.answer_label import Matching
from realtime_fer.reasoning.chain_of_affect.chain import MAX_ANSWER_CHARS, ChainReasoner, ChainRules, ask_chain, chain_steps
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS, CompoundKind
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, FIRST_QUESTION_COMPOUND_TEST, second_question
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.outcome import ChainStep
from tests.reasoning.questions import request


def spread(label: str, probability: float) -> dict[str, float]:
    return {name: probability if name == label else (1 - probability) / 6 for name in BASIC_LABELS}


class ScriptedModel:
    """Says what it was told to, and notes what it was asked; a picture, too."""

    name = "scripted"
    version = "1"

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.seen: list[ImageRgb] = []

    def look(self, face_rgb: ImageRgb) -> ScriptedModel:
        self.seen.append(face_rgb)
        return self

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        self.asked.append((question, tuple(options)))
        return self._replies.pop(0)


def replied(label: str, probability: float = 0.8) -> Reply:
    return Reply(label, spread(label, probability))


def test_both_questions_and_their_options() -> None:
    model = ScriptedModel(replied("Sadness"), replied("Surprise"))
    result = ask_chain(model, ChainRules(first_question=FIRST_QUESTION))
    assert model.asked == [
        (FIRST_QUESTION, BASIC_LABELS),
        (second_question("Sadness"), ("Surprise", "Fear", "Disgust", "Happiness", "Anger", "Neutral")),
    ]
    assert (result.primary, result.secondary, result.compound.name) == ("Sadness", "Surprise", "Sadly Surprised")


def test_nothing_more_is_asked_after_neutral() -> None:
    model = ScriptedModel(replied("Neutral"))
    result = ask_chain(model, ChainRules())
    assert [question for question, _ in model.asked] == [FIRST_QUESTION_COMPOUND_TEST]
    assert (result.second, result.secondary, result.compound.kind) == (None, None, CompoundKind.NEUTRAL)


def test_as_the_prototype_did_if_wanted() -> None:
    model = ScriptedModel(replied("Neutral"), replied("Fear"))
    result = ask_chain(model, ChainRules(second_after_neutral=True))
    assert len(model.asked) == 2
    assert (result.secondary, result.compound.kind) == ("Fear", CompoundKind.NEUTRAL)


def test_an_answer_that_is_no_label_is_passed_on_in_its_own_words() -> None:
    model = ScriptedModel(Reply("Contempt"), replied("Fear"))
    result = ask_chain(model, ChainRules())
    assert model.asked[1] == (second_question("Contempt"), BASIC_LABELS)
    assert (result.primary, result.compound.kind) == (None, CompoundKind.UNKNOWN)


@pytest.mark.parametrize(("matching", "primary"), [(Matching.EXACT, None), (Matching.LENIENT, "Happiness")])
def test_how_strictly_answers_are_read(matching: Matching, primary: str | None) -> None:
    model = ScriptedModel(Reply("happiness."), Reply("Surprise"))
    assert ask_chain(model, ChainRules(matching=matching)).primary == primary
    assert model.asked[1][0] == second_question(primary or "happiness.")


@pytest.mark.parametrize(
    ("least", "kind"), [(0.0, CompoundKind.COMPOUND), (0.3, CompoundKind.COMPOUND), (0.31, CompoundKind.SINGLE)]
)
def test_a_weak_second_emotion_does_not_count(least: float, kind: CompoundKind) -> None:
    model = ScriptedModel(replied("Sadness"), replied("Surprise", 0.3))
    result = ask_chain(model, ChainRules(min_second_probability=least))
    assert (result.secondary, result.compound.kind) == ("Surprise", kind)


def test_without_probabilities_every_second_emotion_counts() -> None:
    model = ScriptedModel(Reply("Sadness"), Reply("Surprise"))
    assert ask_chain(model, ChainRules(min_second_probability=0.9)).compound.kind is CompoundKind.COMPOUND


def test_the_hint() -> None:
    model = ScriptedModel(replied("Sadness"), replied("Neutral"))
    ask_chain(model, ChainRules(neutral_hint=True))
    assert model.asked[1][0] == second_question("Sadness", neutral_hint=True)


def test_steps_carry_labels_or_words_and_distributions() -> None:
    model = ScriptedModel(Reply("x\n" * 200), replied("Fear"))
    steps = chain_steps(ask_chain(model, ChainRules()))
    assert steps[0] == ChainStep("primary", ("x " * 200)[:MAX_ANSWER_CHARS], None)
    assert steps[1] == ChainStep("secondary", "Fear", spread("Fear", 0.8))
    silent = chain_steps(ask_chain(ScriptedModel(Reply(""), Reply("")), ChainRules()))
    assert [step.label for step in silent] == ["unknown", "unknown"]


def test_a_reasoner_answers_with_steps_compound_and_sentence() -> None:
    model = ScriptedModel(replied("Sadness", 0.62), replied("Surprise", 0.42))
    answer = ChainReasoner(model, ChainRules()).reason(request())
    assert (answer.model_name, answer.model_version) == ("scripted", "1")
    assert [(step.question, step.label) for step in answer.steps] == [("primary", "Sadness"), ("secondary", "Surprise")]
    assert answer.compound_label == "Sadly Surprised"
    assert answer.text == "The face looks sadly surprised: sadness (62%) first, then surprise (42%)."


def test_an_answer_out_of_the_list_names_no_compound() -> None:
    answer = ChainReasoner(ScriptedModel(Reply("Contempt"), Reply("")), ChainRules()).reason(request())
    assert answer.compound_label is None
    assert [step.label for step in answer.steps] == ["Contempt", "unknown"]
    assert answer.text == "No expression was named that belongs to the list."


@pytest.mark.parametrize(("margin", "shape"), [(None, (9, 8, 3)), (0.0, (3, 2, 3)), (1.0, (7, 5, 3))])
def test_the_face_is_cut_as_the_model_learnt_it(margin: float | None, shape: tuple[int, ...]) -> None:
    model = ScriptedModel(replied("Neutral"))
    ChainReasoner(model, ChainRules(), margin).reason(request(crop=np.zeros((9, 8, 3), np.uint8)))
    assert model.seen[0].shape == shape
