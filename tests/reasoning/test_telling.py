from __future__ import annotations

import pytest

from realtime_fer.reasoning.listener import QuestionCancelledError
from realtime_fer.reasoning.telling import Telling
from tests.reasoning.hearing import Hearing


def test_nothing_is_said_twice_and_half_a_character_not_at_all() -> None:
    hearing = Hearing()
    telling = Telling(hearing)
    for text in ("", "a", "a", "a\ufffd", "a\ufffd\ufffd", "aé"):
        telling.tell("label", text)
    telling.tell("description", "aé")
    assert hearing.heard == [("label", "a"), ("label", "aé"), ("description", "aé")]
    assert telling.is_heard


def test_it_stops_where_the_answer_is_no_longer_wanted() -> None:
    telling = Telling(Hearing(1))
    telling.tell("label", "a")
    with pytest.raises(QuestionCancelledError):
        telling.go_on()
    with pytest.raises(QuestionCancelledError):
        telling.tell("label", "ab")


def test_nobody_hears() -> None:
    telling = Telling()
    telling.tell("label", "a")
    telling.go_on()
    assert not telling.is_heard
