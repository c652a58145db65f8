from __future__ import annotations

from realtime_fer.publishing.track_answers import TrackAnswers
from tests.publishing import contents


def watched() -> TrackAnswers:
    answers = TrackAnswers()
    assert answers.update(contents.frame(0, faces=2), ()) == []
    return answers


def test_an_answer_about_a_face_in_view_is_kept_with_it() -> None:
    said = watched().answered(contents.reasoning(track_id=2, keyframe_id=9))
    assert said == contents.track_reasoning(track_id=2, keyframe_id=9)


def test_a_face_that_is_missing_for_a_moment_is_still_followed() -> None:
    answers = watched()
    answers.answered(contents.reasoning(track_id=2))
    assert answers.update(contents.frame(1, faces=0), ()) == []
    assert answers.answered(contents.reasoning(track_id=2)) is not None


def test_failures_and_faces_that_are_gone_have_none() -> None:
    answers = watched()
    assert answers.answered(contents.reasoning(error="died")) is None
    assert answers.answered(contents.reasoning(track_id=3)) is None
    answers.update(contents.frame(1, faces=1), (2,))
    assert answers.answered(contents.reasoning(track_id=2)) is None


def test_the_end_of_a_track_is_told_once_and_only_where_something_was_said() -> None:
    answers = watched()
    answers.answered(contents.reasoning(track_id=2))
    (ended,) = answers.update(contents.frame(1, faces=0), (1, 2))
    assert (ended.track_id, ended.event, ended.frame_id, ended.answer, ended.keyframe_id) == (2, "ended", 1, None, None)
    assert answers.update(contents.frame(2, faces=0), (2,)) == []
    assert answers.end_all() == []


def test_at_the_end_of_the_source_all_are_ended() -> None:
    assert TrackAnswers().end_all() == []
    answers = watched()
    for track_id in (2, 1):
        answers.answered(contents.reasoning(track_id=track_id))
    assert [(ended.track_id, ended.event) for ended in answers.end_all()] == [(1, "ended"), (2, "ended")]
    assert answers.end_all() == []
    assert answers.answered(contents.reasoning(track_id=1)) is None
