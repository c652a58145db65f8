from __future__ import annotations

from realtime_fer.display.remark import Remark
from realtime_fer.pipeline.last_answers import MAX_FACES, LastAnswers
from realtime_fer.types import TrackedExpression
from tests.reasoning.keyframes.faces import HAPPY, NEUTRAL, face, result


def answers() -> LastAnswers:
    said = LastAnswers(stale_after_s=5.0)
    said.say(1, "The face looks happy.", captured_s=10.0, label="happiness")
    return said


def test_a_face_gets_its_own_answer() -> None:
    assert answers().remarks(result(11.0, {1: HAPPY, 2: HAPPY})) == {1: Remark("The face looks happy.")}


def test_an_old_answer_is_stale() -> None:
    assert not answers().remarks(result(15.0, {1: HAPPY}))[1].stale
    assert answers().remarks(result(15.1, {1: HAPPY}))[1].stale


def test_an_answer_about_another_expression_is_stale() -> None:
    assert answers().remarks(result(11.0, {1: NEUTRAL}))[1].stale


def test_a_face_that_cannot_be_classified_just_now_keeps_its_answer() -> None:
    unseen = TrackedExpression(face(1, HAPPY).track, None)
    assert not answers().remarks(result(11.0, [unseen]))[1].stale


def test_nothing_is_said_on_frames_before_the_keyframe() -> None:
    assert answers().remarks(result(9.9, {1: HAPPY})) == {}


def test_words_that_go_on_stand_in_for_the_last_answer_until_they_end() -> None:
    said = answers()
    said.begin(1, "The face", captured_s=10.5, label="happiness")
    said.begin(2, "It is", captured_s=10.5, label="happiness")
    assert said.remarks(result(11.0, {1: HAPPY, 2: NEUTRAL})) == {
        1: Remark("The face", is_open=True),
        2: Remark("It is", stale=True, is_open=True),
    }
    said.hush(1)
    assert said.remarks(result(11.0, {1: HAPPY})) == {1: Remark("The face looks happy.")}
    said.begin(1, "The face", captured_s=10.5, label="happiness")
    said.say(1, "The face looks glad.", captured_s=10.5, label="happiness")
    assert said.remarks(result(11.0, {1: HAPPY})) == {1: Remark("The face looks glad.")}
    said.forget([2])
    assert said.remarks(result(11.0, {2: HAPPY})) == {}


def test_ended_tracks_are_forgotten_and_others_bounded() -> None:
    said = answers()
    said.forget([1, 7])
    assert said.remarks(result(11.0, {1: HAPPY})) == {}
    for track_id in range(1, MAX_FACES + 3):
        said.say(track_id, "x", captured_s=0.0, label="happiness")
        said.begin(track_id + MAX_FACES, "x", captured_s=0.0, label="happiness")
    assert said.remarks(result(1.0, {1: HAPPY, 2: HAPPY, 3: HAPPY})).keys() == {3}
    assert said.remarks(result(1.0, {MAX_FACES + 1: HAPPY, MAX_FACES + 3: HAPPY}))[MAX_FACES + 3].is_open
    assert not said.remarks(result(1.0, {MAX_FACES + 1: HAPPY}))[MAX_FACES + 1].is_open
