from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.publishing.message import Message
from realtime_fer.publishing.sequence import _REMEMBERED_TOPICS, SequenceTracker
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


def frames(count: int, publisher_id: str = "a") -> list[Message]:
    stamper = MessageStamper(publisher_id=publisher_id)
    return [stamper.stamp(contents.frame(i)) for i in range(count)]


def test_joining_late_is_no_loss() -> None:
    tracker = SequenceTracker()
    assert tracker.observe(frames(10)[9])
    assert tracker.lost == {}


def test_gaps_are_counted_by_topic() -> None:
    tracker = SequenceTracker()
    sent = frames(10)
    assert all(tracker.observe(sent[i]) for i in (2, 3, 6, 9))
    assert tracker.observe(MessageStamper(publisher_id="a").stamp(contents.health()))
    assert tracker.lost == {"frame": 4}


def test_repeats_are_told_and_lose_nothing() -> None:
    tracker = SequenceTracker()
    sent = frames(4)
    assert [tracker.observe(sent[i]) for i in (1, 1, 2, 1, 2, 3)] == [True, False, True, False, False, True]
    assert tracker.duplicates == 3
    assert tracker.lost == {}


def test_a_restart_begins_anew() -> None:
    tracker = SequenceTracker()
    tracker.observe(frames(6)[5])
    assert tracker.observe(frames(1, "b")[0])
    assert (tracker.restarts, tracker.lost, tracker.publisher_id) == (1, {}, "b")


def test_ended_topics_are_forgotten_and_others_bounded() -> None:
    tracker = SequenceTracker()
    stamper = MessageStamper(publisher_id="a")
    tracker.observe(stamper.stamp(contents.turn("started", track_id=1)))
    tracker.observe(stamper.stamp(contents.turn("ended", track_id=1)))
    assert len(tracker._last) == 0
    endless = stamper.stamp(contents.turn("started", track_id=1))
    for track_id in range(_REMEMBERED_TOPICS + 10):
        tracker.observe(endless.model_copy(update={"topic": f"face.{track_id}"}))
    assert len(tracker._last) == _REMEMBERED_TOPICS


@given(st.sets(st.integers(0, 29), min_size=1))
def test_lost_is_what_was_skipped_between_first_and_last(kept: set[int]) -> None:
    tracker = SequenceTracker()
    sent = frames(30)
    for number in sorted(kept):
        assert tracker.observe(sent[number])
    assert sum(tracker.lost.values()) == max(kept) - min(kept) + 1 - len(kept)
