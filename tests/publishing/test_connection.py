from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
import zmq

from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.connection import Connection, subscription_of, topic_groups
from realtime_fer.publishing.curve import CurveClientKeys


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


@pytest.fixture
def connection(zmq_context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[Connection]:
    connection = connect(zmq_context, has_keys=False)
    yield connection
    connection.close()


def connect(context: zmq.Context[zmq.Socket[bytes]], *, has_keys: bool) -> Connection:
    public, secret = zmq.curve_keypair()
    return Connection(
        context.socket(zmq.SUB),
        "tcp://127.0.0.1:9",
        [""],
        conflate=False,
        high_water_mark=10,
        max_message_bytes=1000,
        curve=CurveClientKeys(public, public, secret) if has_keys else None,
    )


def event(number: int) -> list[bytes]:
    return [struct.pack("=hi", number, 0), b"tcp://127.0.0.1:9"]


def test_the_state_follows_the_connection(connection: Connection) -> None:
    assert "no publisher answers" in connection.state
    connection.handle(event(zmq.Event.HANDSHAKE_FAILED_NO_DETAIL))
    assert "does it want CURVE keys?" in connection.state
    connection.handle(event(zmq.Event.HANDSHAKE_SUCCEEDED))
    assert connection.state.startswith("connected")
    connection.handle(event(zmq.Event.DISCONNECTED))
    assert "went away" in connection.state


@pytest.mark.parametrize(
    ("number", "has_keys", "says"),
    [
        (zmq.Event.HANDSHAKE_FAILED_AUTH, True, "not on the publisher's allow-list"),
        (zmq.Event.HANDSHAKE_FAILED_PROTOCOL, True, "without CURVE; connect without keys"),
        (zmq.Event.HANDSHAKE_FAILED_PROTOCOL, False, "may want CURVE keys"),
    ],
)
def test_a_refusal_is_an_error(zmq_context: zmq.Context[zmq.Socket[bytes]], number: int, has_keys: bool, says: str) -> None:
    connection = connect(zmq_context, has_keys=has_keys)
    try:
        with pytest.raises(SecurityError, match=says):
            connection.handle(event(number))
        assert says in connection.state
    finally:
        connection.close()


def test_only_where_zeromq_gives_up_it_is_connected_again(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("realtime_fer.publishing.connection.time.monotonic", lambda: now_s)
    connects: list[str] = []
    monkeypatch.setattr(connection.socket, "connect", connects.append)
    connection.handle(event(zmq.Event.DISCONNECTED))
    assert connection.reconnect_in_s() == 2.0
    connection.handle(event(zmq.Event.CONNECT_RETRIED))
    assert connection.reconnect_in_s() is None
    connection.handle(event(zmq.Event.DISCONNECTED))
    now_s = 101.9
    connection.reconnect_if_due()
    assert connects == []
    now_s = 102.0
    connection.reconnect_if_due()
    connection.reconnect_if_due()
    assert connects == ["tcp://127.0.0.1:9"]


def test_an_endpoint_that_cannot_be_connected_leaves_nothing_open(zmq_context: zmq.Context[zmq.Socket[bytes]]) -> None:
    socket = zmq_context.socket(zmq.SUB)
    with pytest.raises(PublishingError, match="cannot connect"):
        Connection(socket, "tcp://*:1", [""], conflate=False, high_water_mark=1, max_message_bytes=1, curve=None)
    assert socket.closed
