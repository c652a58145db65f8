from __future__ import annotations

from realtime_fer.publishing.handover import Outgoing
from realtime_fer.publishing.last_values import LastValues


def sent(*messages: tuple[str, bytes, bool]) -> LastValues:
    values = LastValues()
    for topic, payload, is_last in messages:
        values.remember(Outgoing(topic, topic.encode() + b" " + payload, is_last))
    return values


def test_a_subscriber_gets_the_newest_of_each_matching_topic() -> None:
    values = sent(("frame", b"1", False), ("face.1", b"1", False), ("face.12", b"1", False), ("frame", b"2", False))
    assert values.matching([b"\x01frame "]) == [b"frame 2"]
    assert values.matching([b"\x01face.1 "]) == [b"face.1 1"]
    assert values.matching([b"\x01face."]) == [b"face.1 1", b"face.12 1"]
    assert values.matching([b"\x01"]) == [b"frame 2", b"face.1 1", b"face.12 1"]


def test_several_subscriptions_at_once_repeat_nothing() -> None:
    values = sent(("frame", b"1", False))
    assert values.matching([b"\x01", b"\x01frame ", b"\x01"]) == [b"frame 1"]


def test_other_messages_of_a_peer_are_nothing() -> None:
    values = sent(("frame", b"1", False))
    assert values.matching([b"\x00", b"", b"frame "]) == []


def test_what_only_passes_is_not_kept() -> None:
    values = sent(("reasoning", b"1", False))
    values.remember(Outgoing("reasoning.partial", b"reasoning.partial 1", is_last=False, is_passing=True))
    assert values.matching([b"\x01"]) == [b"reasoning 1"]


def test_ended_topics_are_gone() -> None:
    values = sent(("face.1", b"1", False), ("face.2", b"1", False), ("face.1", b"2", True))
    assert values.matching([b"\x01"]) == [b"face.2 1"]
    values.forget("face.2")
    values.forget("face.3")
    assert values.matching([b"\x01"]) == []
