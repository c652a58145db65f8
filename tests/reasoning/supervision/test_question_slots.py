from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.reasoning.outcome import AskedRequest
from realtime_fer.reasoning.supervision.question_slots import QuestionSlots
from tests.reasoning.questions import request


def asked(request_id: int, track_id: int) -> AskedRequest:
    return AskedRequest(request(request_id, track_id), 0, 0)


def ids(slots: QuestionSlots) -> list[int]:
    taken = []
    while (question := slots.take()) is not None:
        taken.append(question.request.request_id)
    return taken


def test_the_newest_takes_the_slot_and_the_place_in_line() -> None:
    slots = QuestionSlots()
    assert slots.put(asked(0, track_id=1)) is None
    assert slots.put(asked(1, track_id=2)) is None
    replaced = slots.put(asked(2, track_id=1))
    assert replaced is not None
    assert replaced.request.request_id == 0
    assert ids(slots) == [2, 1]


def test_who_was_served_goes_to_the_end_of_the_line() -> None:
    slots = QuestionSlots()
    for number, track_id in enumerate((1, 2, 3)):
        slots.put(asked(number, track_id))
    served = []
    for number in range(3, 9):
        question = slots.take()
        assert question is not None
        served.append(question.request.track_id)
        slots.put(asked(number, track_id=1))
        slots.put(asked(100 + number, question.request.track_id))
    assert served == [1, 2, 3, 1, 2, 3]


def test_a_crowd_pushes_out_the_oldest_picture() -> None:
    slots = QuestionSlots(capacity=2)
    slots.put(asked(0, track_id=1))
    slots.put(asked(1, track_id=2))
    pushed_out = slots.put(asked(2, track_id=3))
    assert pushed_out is not None
    assert pushed_out.request.request_id == 0
    assert ids(slots) == [1, 2]


def test_cancel_and_clear() -> None:
    slots = QuestionSlots()
    for number in range(3):
        slots.put(asked(number, track_id=number))
    cancelled = slots.cancel(1)
    assert cancelled is not None
    assert cancelled.request.request_id == 1
    assert slots.cancel(1) is None
    assert [question.request.request_id for question in slots.clear()] == [0, 2]
    assert len(slots) == 0
    assert slots.take() is None


def test_capacity_is_checked() -> None:
    with pytest.raises(ValueError, match="found 0"):
        QuestionSlots(0)


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(0, 5), st.none()), max_size=60), st.integers(1, 4))
def test_every_question_is_taken_pushed_out_or_waits(actions: list[int | None], capacity: int) -> None:
    """A number puts for that track, None takes."""
    slots = QuestionSlots(capacity)
    taken, lost = [], []
    for number, track_id in enumerate(actions):
        if track_id is None:
            question = slots.take()
            taken += [] if question is None else [question.request.request_id]
        else:
            question = slots.put(asked(number, track_id))
            lost += [] if question is None else [question.request.request_id]
        assert len(slots) <= capacity
    waiting = ids(slots)
    assert sorted(taken + lost + waiting) == [number for number, track_id in enumerate(actions) if track_id is not None]
