from __future__ import annotations

import struct

import pytest
import zmq

from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.connection import ConnectionWatch, subscription_of, topic_groups


@pytest.mark.parametrize(("topic", "prefix"), [("", b""), ("face.", b"face."), ("face.1", b"face.1 "), ("frame", b"frame ")])
def test_a_topic_matches_itself_and_no_longer_one(topic: str, prefix: bytes) -> None:
    assert subscription_of(topic) == prefix


def test_conflating_topics_have_a_socket_each() -> None:
    assert topic_groups(["frame", "health"], conflate=True) == [["frame"], ["health"]]
    assert topic_groups(["frame", "health"], conflate=False) == [["frame", "health"]]


@pytest.mark.parametrize("topic", ["", "face."])
def test_conflating_many_topics_on_one_socket_is_refused(topic: str) -> None:
    with pytest.raises(PublishingError, match="conflate keeps one message a socket"):
        topic_groups(["frame", topic], conflate=True)


@pytest.mark.parametrize("topics", [[], ["two words"], "frame"])
def test_what_are_no_topics_is_refused(topics: list[str]) -> None:
    with pytest.raises(PublishingError, match="topics: expected"):
        topic_groups(topics, conflate=False)


def event(number: int) -> list[bytes]:
    return [struct.pack("=hi", number, 0), b"tcp://127.0.0.1:1"]


def test_the_state_follows_the_connection() -> None:
    watch = ConnectionWatch("tcp://127.0.0.1:1", has_keys=True)
    assert "no publisher answers" in watch.state
    watch.handle(event(zmq.Event.HANDSHAKE_FAILED_NO_DETAIL))
    assert "right server key?" in watch.state
    watch.handle(event(zmq.Event.HANDSHAKE_SUCCEEDED))
    assert watch.state.startswith("connected")
    watch.handle(event(zmq.Event.DISCONNECTED))
    assert "went away" in watch.state


@pytest.mark.parametrize(
    ("number", "has_keys", "says"),
    [
        (zmq.Event.HANDSHAKE_FAILED_AUTH, True, "not on the publisher's allow-list"),
        (zmq.Event.HANDSHAKE_FAILED_PROTOCOL, True, "without CURVE; connect without keys"),
        (zmq.Event.HANDSHAKE_FAILED_PROTOCOL, False, "may want CURVE keys"),
    ],
)
def test_a_final_refusal_is_an_error(number: int, has_keys: bool, says: str) -> None:
    with pytest.raises(SecurityError, match=says):
        ConnectionWatch("tcp://127.0.0.1:1", has_keys=has_keys).handle(event(number))
