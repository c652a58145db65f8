from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.expression.face_crop import cut_face
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.reasoning.chain_of_affect.prompts import first_question, second_question
from realtime_fer.reasoning.chain_of_affect.tiny import MAX_NEW_TOKENS, classifier_view, tiny_reasoner
from tests.reasoning.chain_of_affect.tiny_stand_in import scripted
from tests.reasoning.questions import request

GREY = np.full((48, 48, 3), 7, np.uint8)


def share(logit: float, temperature: float) -> float:
    return float(np.exp(logit / temperature) / (np.exp(logit / temperature) + 8))


@pytest.mark.parametrize(("offered", "temperature"), [(CROWD_LABELS.first, 0.5), (CROWD_LABELS.second("Fear"), 2.0)])
def test_the_likeliest_of_what_is_offered(offered: tuple[str, ...], temperature: float) -> None:
    model, networks = scripted("Anger")
    reply = model.look(GREY).ask("Why?", offered)
    assert reply.text == "Anger"
    assert reply.distribution is not None
    assert list(reply.distribution) == list(CROWD_LABELS.every)
    assert reply.distribution["Anger"] == pytest.approx(share(4, temperature), rel=1e-5)
    assert sum(reply.distribution.values()) == pytest.approx(1, abs=1e-12)
    assert networks.read == ["\n\nWhy?\n\n"]


def test_what_is_not_offered_is_not_chosen() -> None:
    model, _ = scripted("Anger")
    assert model.look(GREY).ask("Why?", ("Fear", "none")).text in {"Fear", "none"}


def test_in_words_it_speaks_until_it_ends_its_turn() -> None:
    model, networks = scripted("Anger", " Fear", "<|end|>", in_words=True)
    assert model.look(GREY).ask("Why?", CROWD_LABELS.first).text == "Anger Fear"
    assert networks.read[-1].endswith("\nAnger Fear")


def test_a_babbling_model_is_cut_short() -> None:
    model, networks = scripted(*["Anger"] * 20, in_words=True)
    assert model.look(GREY).ask("Why?", CROWD_LABELS.first).text == "Anger" * MAX_NEW_TOKENS
    assert len(networks.read) == MAX_NEW_TOKENS + 1


def test_a_question_that_is_too_long() -> None:
    model, _ = scripted("Anger")
    with pytest.raises(ShapeError, match=r"at most 80 tokens with the face, found \d+"):
        model.look(GREY).ask("? " * 50, CROWD_LABELS.first)


def test_a_face_is_looked_at_once_for_both_questions() -> None:
    model, networks = scripted("Sadness", "Surprise")
    answer = tiny_reasoner(model, second_after_neutral=True, min_second_probability=0.0).reason(request())
    assert len(networks.seen) == 1
    assert [text.strip("\n") for text in networks.read] == [
        first_question(CROWD_LABELS),
        second_question("Sadness", labels=CROWD_LABELS),
    ]
    assert [(step.question, step.label) for step in answer.steps] == [("primary", "Sadness"), ("secondary", "Surprise")]
    assert (answer.compound_label, answer.model_name, answer.model_version) == ("Sadly Surprised", "chain-of-affect-tiny", "9")


@pytest.mark.parametrize(("after_neutral", "steps"), [(True, 2), (False, 1)])
def test_a_neutral_face_may_be_asked_on(after_neutral: bool, steps: int) -> None:
    model, _ = scripted("Neutral", "none")
    answer = tiny_reasoner(model, second_after_neutral=after_neutral, min_second_probability=0.0).reason(request())
    assert (len(answer.steps), answer.compound_label) == (steps, "Neutral")


def test_none_is_an_answer_and_leaves_one_emotion() -> None:
    model, _ = scripted("Sadness", "none")
    answer = tiny_reasoner(model, second_after_neutral=True, min_second_probability=0.0).reason(request())
    assert [step.label for step in answer.steps] == ["Sadness", "none"]
    assert answer.compound_label == "Sadness"
    assert answer.text.endswith(" alone.")


def test_a_weak_second_emotion_does_not_count() -> None:
    model, _ = scripted("Sadness", "Surprise")
    answer = tiny_reasoner(model, second_after_neutral=True, min_second_probability=0.9).reason(request())
    assert answer.compound_label == "Sadness"


def test_a_live_face_is_cut_as_the_classifiers() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    model, networks = scripted("Neutral", "none")
    tiny_reasoner(model, second_after_neutral=True, min_second_probability=0.0).reason(request(crop=crop))
    box = np.array(request(crop=crop).face_xyxy, np.float32)
    expected = cut_face(crop[..., ::-1].copy(), box, size_px=48, margin=0.0, grey=True)
    assert expected is not None
    assert networks.seen[0].shape == (1, 1, 48, 48)
    assert networks.seen[0].dtype == np.float32
    assert np.array_equal(networks.seen[0][0, 0], expected)


def test_red_is_not_blue_and_a_view_is_grey() -> None:
    red = np.zeros((60, 60, 3), np.uint8)
    red[..., 0] = 200
    model, networks = scripted("Neutral")
    model.look(red)
    assert networks.seen[0].max() == networks.seen[0].min() == 60
    view = classifier_view(48, 0.0)(request(crop=red))
    assert view.shape == (48, 48, 3)
    assert (view == 60).all()


def test_a_box_that_is_not_on_its_picture() -> None:
    asked = request(crop=np.zeros((9, 8, 3), np.uint8))
    object.__setattr__(asked, "face_xyxy", (50.0, 50.0, 60.0, 60.0))
    with pytest.raises(ShapeError, match="8x9"):
        classifier_view(48, 0.0)(asked)
