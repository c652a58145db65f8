from __future__ import annotations

from collections.abc import Sequence

import pytest

from realtime_fer.networks.expllm.answer import sections_of
from realtime_fer.training.expllm.chain_of_thought.asking import QuestionRefusedError
from realtime_fer.training.expllm.chain_of_thought.engine import Outcome, in_form, label_in, make_description
from realtime_fer.training.expllm.chain_of_thought.journal import Answer
from realtime_fer.training.expllm.chain_of_thought.prompts import CRITIC, DESCRIBER, EDITOR, READER, Message
from tests.training.expllm.chain_of_thought.faces import GOOD, HAPPY, INVENTED, WRONG_LABEL

ROLES = {DESCRIBER: "describe", READER.split("{", maxsplit=1)[0]: "read", CRITIC: "reflect", EDITOR: "refine"}


class Scripted:
    """Answers in turn, and notes who was asked."""

    def __init__(self, *answers: str | Answer | QuestionRefusedError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.messages: list[Sequence[Message]] = []
        self.freely: list[bool] = []

    def ask(self, face: str, messages: Sequence[Message], *, freely: bool = False) -> Answer:
        assert face == "happy.png Happiness"
        self.asked.append(next(role for words, role in ROLES.items() if messages[0]["content"].startswith(words)))
        self.messages.append(messages)
        self.freely.append(freely)
        answer = self.answers.pop(0)
        if isinstance(answer, QuestionRefusedError):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(answer)


def test_right_at_first() -> None:
    asker = Scripted(GOOD, "happiness.")
    assert make_description(HAPPY, asker) == Outcome(HAPPY, in_form(GOOD), (), 1, accepted=True)
    assert (asker.asked, asker.freely) == (["describe", "read"], [True, False])


def test_a_reader_who_takes_it_for_something_else_is_learned_from() -> None:
    asker = Scripted(WRONG_LABEL, "Contempt", "Weigh both sides.", GOOD, "Happiness")
    outcome = make_description(HAPPY, asker)
    assert asker.asked == ["describe", "read", "reflect", "describe", "read"]
    assert (outcome.accepted, outcome.attempts) == (True, 2)
    assert outcome.problems == ("a reader takes it for Contempt, but the expression is Happiness",)
    assert outcome.problems[0] in asker.messages[2][1]["content"]
    assert asker.messages[3][2]["content"] == WRONG_LABEL
    assert "Weigh both sides." in asker.messages[3][3]["content"]


def test_a_description_that_does_not_fit_the_labels_is_tried_again_and_then_rejected() -> None:
    asker = Scripted(INVENTED, "Happiness", "No brows.", INVENTED, "Happiness")
    outcome = make_description(HAPPY, asker, attempts=2)
    assert asker.asked == ["describe", "read", "reflect", "describe", "read"]
    assert outcome == Outcome(HAPPY, INVENTED, ("it speaks of brow lower, not there",) * 2, 2, accepted=False)


def test_another_form_is_refined() -> None:
    plain = GOOD.replace("**", "").replace("Key Observations:", "First,")
    asker = Scripted(plain, "Happiness", GOOD)
    assert make_description(HAPPY, asker).description == in_form(GOOD)
    assert asker.asked == ["describe", "read", "refine"]


def test_a_text_that_was_cut_off_does_not_count() -> None:
    outcome = make_description(HAPPY, Scripted(Answer(GOOD, cut=True), "Happiness"), attempts=1)
    assert (outcome.accepted, outcome.problems) == (False, ("it was cut off before its end",))


def test_a_refusal_ends_it() -> None:
    outcome = make_description(HAPPY, Scripted(WRONG_LABEL, QuestionRefusedError("filtered")))
    assert outcome == Outcome(HAPPY, WRONG_LABEL, ("the server refused: filtered",), 1, accepted=False)


@pytest.mark.parametrize(
    ("answer", "label"),
    [("Fear", "Fear"), ("It is fear.", "Fear"), ("Fear or Anger", None), ("fearful", None), ("", None), ("FEAR", "Fear")],
)
def test_the_label_in_an_answer(answer: str, label: str | None) -> None:
    assert label_in(answer, ("Fear", "Anger")) == label


def test_the_form_of_the_published_data() -> None:
    text = in_form("### Key Observations\nOne\ntwo.\n\nEmotional Interpretation: Three.\n\n**Conclusion** Four.")
    assert text == "**Key Observations:** One two.\n\n**Overall Emotional Interpretation:** Three.\n\n**Conclusion:** Four."
    assert sections_of(text) == ("One two.", "Three.", "Four.")
    with pytest.raises(ValueError, match="three headed parts"):
        in_form("nothing")
