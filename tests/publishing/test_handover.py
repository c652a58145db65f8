from __future__ import annotations

import select
import threading
from collections.abc import Callable

import pytest

from realtime_fer.publishing.handover import HandOver, Outgoing

Opened = Callable[[HandOver], HandOver]


def message(number: int, topic: str = "frame", *, is_last: bool = False, is_passing: bool = False) -> Outgoing:
    return Outgoing(topic, f"{topic} {number}".encode(), is_last, is_passing)


def words(number: int, topic: str = "partial") -> Outgoing:
    return message(number, topic, is_passing=True)


def is_readable(hand_over: HandOver) -> bool:
    return bool(select.select([hand_over.fileno()], [], [], 0)[0])


def test_messages_come_out_in_order_and_wake_the_reader(opened: Opened) -> None:
    hand_over = opened(HandOver(10))
    assert not is_readable(hand_over)
    hand_over.put(message(1))
    hand_over.put(message(2))
    assert is_readable(hand_over)
    assert hand_over.take() == ([message(1), message(2)], [])
    assert not is_readable(hand_over)
    hand_over.put(message(3))
    assert is_readable(hand_over)


def test_messages_that_belong_together_wake_the_reader_once(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over = opened(HandOver(10))
    wakes: list[int] = []
    monkeypatch.setattr(hand_over, "wake", lambda: wakes.append(len(hand_over.take()[0])))
    hand_over.put(message(1), message(2), message(3))
    hand_over.put()
    assert wakes == [3]


def test_the_oldest_goes_where_the_reader_hangs(opened: Opened) -> None:
    hand_over = opened(HandOver(3))
    for number in range(10):
        hand_over.put(message(number))
    assert hand_over.take() == ([message(7), message(8), message(9)], [])
    assert hand_over.dropped == 7


def test_a_dropped_end_is_reported(opened: Opened) -> None:
    hand_over = opened(HandOver(1))
    hand_over.put(message(0, "face.1", is_last=True))
    hand_over.put(message(1))
    assert hand_over.take() == ([message(1)], ["face.1"])
    assert hand_over.take() == ([], [])


def test_conflating_keeps_the_newest_of_each_topic(opened: Opened) -> None:
    hand_over = opened(HandOver(10, conflate=True))
    for number in range(4):
        hand_over.put(message(number, "frame"))
        hand_over.put(message(number, "health"))
    assert hand_over.take() == ([message(3, "frame"), message(3, "health")], [])
    assert hand_over.dropped == 6


def test_of_words_the_newest_waits_in_its_place_among_the_others(opened: Opened) -> None:
    hand_over = opened(HandOver(10))
    for outgoing in (words(1), message(1), words(2), message(2), words(3), message(3)):
        hand_over.put(outgoing)
    assert hand_over.take() == ([message(1), message(2), words(3), message(3)], [])
    assert hand_over.dropped == 2
    hand_over.put(words(4), message(4))
    assert hand_over.take() == ([words(4), message(4)], [])


@pytest.mark.parametrize("conflate", [False, True])
def test_words_never_displace_results(opened: Opened, conflate: bool) -> None:
    hand_over = opened(HandOver(3, conflate=conflate))
    results = [message(number, f"face.{number}") for number in range(3)]
    for number, result in enumerate(results):
        hand_over.put(words(number), result, words(number, "more"))
    assert hand_over.take()[0] == results
    for number in range(100):
        hand_over.put(*results[:2], words(number))
    assert [outgoing.is_passing for outgoing in hand_over.take()[0]] == [False, False, conflate]


def test_words_that_are_gone_make_no_room_any_more(opened: Opened) -> None:
    hand_over = opened(HandOver(1))
    hand_over.put(words(1))
    assert hand_over.take()[0] == [words(1)]
    hand_over.put(message(1), message(2))
    assert hand_over.take()[0] == [message(2)]
    conflating = opened(HandOver(2, conflate=True))
    conflating.put(words(1, "topic"), message(1, "topic"), message(2), words(2))
    assert conflating.take()[0] == [message(1, "topic"), message(2)]


def test_an_end_is_not_lost_to_words(opened: Opened) -> None:
    hand_over = opened(HandOver(2))
    hand_over.put(message(0, "face.1", is_last=True), message(1), words(1))
    assert hand_over.take() == ([message(0, "face.1", is_last=True), message(1)], [])
    assert hand_over.dropped == 1


def test_waking_alone_and_waking_too_often_do_no_harm(opened: Opened) -> None:
    hand_over = opened(HandOver(1))
    for _ in range(100_000):  # more than the wake-up pipe holds
        hand_over.wake()
    assert hand_over.take() == ([], [])
    assert not is_readable(hand_over)
    hand_over.close()
    hand_over.wake()


def test_nothing_is_lost_between_threads(opened: Opened) -> None:
    hand_over = opened(HandOver(100_000))

    def produce(topic: str) -> None:
        for number in range(2000):
            hand_over.put(message(number, topic))

    producers = [threading.Thread(target=produce, args=(topic,)) for topic in ("a", "b", "c")]
    for producer in producers:
        producer.start()
    got: list[Outgoing] = []
    while len(got) < 6000:
        assert select.select([hand_over.fileno()], [], [], 10)[0], "the reader was not woken"
        got += hand_over.take()[0]
    for producer in producers:
        producer.join()
    for topic in ("a", "b", "c"):
        assert [m for m in got if m.topic == topic] == [message(n, topic) for n in range(2000)]


def test_no_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        HandOver(0)
