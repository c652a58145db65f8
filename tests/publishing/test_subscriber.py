from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import zmq

from realtime_fer.errors import MessageError, PublishingError
from realtime_fer.publishing.encoding import encode
from realtime_fer.publishing.message import FrameMessage
from realtime_fer.publishing.stamping import MessageStamper
from realtime_fer.publishing.subscriber import Subscriber
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from tests.fakes import FakeClock
from tests.publishing import contents
from tests.publishing.conftest import eventually

ARRIVAL_TIMEOUT_S = 20.0
ARRIVAL_TIMEOUT_MS = 20_000
Listen = Callable[..., Subscriber]


@pytest.fixture
def listen(opened: Callable[[Subscriber], Subscriber]) -> Listen:
    return lambda *args, **kwargs: opened(Subscriber(*args, **kwargs))


@pytest.fixture
def publisher(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> ZmqPublisher:
    publisher = opened(ZmqPublisher("tcp://127.0.0.1:*"))
    publisher.start()
    return publisher


@pytest.fixture
def stranger(zmq_context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
    """A publisher that may say anything."""
    socket = zmq_context.socket(zmq.XPUB)
    socket.bind("tcp://127.0.0.1:*")
    return socket


def address(socket: zmq.Socket[bytes]) -> str:
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def wires(count: int) -> list[bytes]:
    stamper = MessageStamper()
    return [encode(stamper.stamp(contents.frame(i)), "json").wire for i in range(count)]


def test_iteration_gives_typed_messages_in_order(publisher: ZmqPublisher, listen: Listen) -> None:
    for frame_id in range(3):
        publisher.publish(contents.frame(frame_id))
    eventually(lambda: publisher.messages_published == 3, "all are sent")
    subscriber = listen(publisher.endpoint, topics=["frame"], timeout_s=ARRIVAL_TIMEOUT_S)
    messages = iter(subscriber)
    first = next(messages)
    assert isinstance(first, FrameMessage)
    assert first.faces[0].expression is not None
    publisher.publish(contents.frame(3))
    assert next(messages).sequence == first.sequence + 1 == 3


def test_iteration_raises_when_nothing_comes(listen: Listen) -> None:
    subscriber = listen("tcp://127.0.0.1:9", timeout_s=0.05)
    with pytest.raises(PublishingError, match=r"no message within 0\.05 s: no publisher answers at tcp://127\.0\.0\.1:9"):
        next(iter(subscriber))


def test_malformed_messages_are_skipped_and_counted(
    stranger: zmq.Socket[bytes], listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = listen(address(stranger))
    stranger.recv()
    good = wires(3)
    for wire in (
        good[0],
        b"",
        b"frame",
        b"frame \xff\x00",
        b"frame {}",
        b"\x80\x04pickle",
        good[1].replace(b"1.2", b"9.0"),
        good[1],
    ):
        stranger.send(wire)
    stranger.send_multipart([b"frame", b"parts"])
    stranger.send(good[2])
    with caplog.at_level(logging.WARNING):
        messages = [subscriber.receive(ARRIVAL_TIMEOUT_S) for _ in range(3)]
    assert [message.sequence for message in messages if message] == [0, 1, 2]
    assert subscriber.malformed == 8
    assert "skipped a malformed message" in caplog.text


def test_malformed_messages_raise_if_wanted_and_the_next_call_goes_on(stranger: zmq.Socket[bytes], listen: Listen) -> None:
    subscriber = listen(address(stranger), on_malformed="raise")
    stranger.recv()
    stranger.send(b"frame garbage")
    stranger.send(wires(1)[0])
    with pytest.raises(MessageError, match="MessagePack map"):
        subscriber.receive(ARRIVAL_TIMEOUT_S)
    assert subscriber.receive(ARRIVAL_TIMEOUT_S) is not None


def test_a_huge_message_is_not_received_and_the_connection_comes_back(
    stranger: zmq.Socket[bytes], listen: Listen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("realtime_fer.publishing.connection.RECONNECT_INTERVAL_MAX_MS", 100)
    subscriber = listen(address(stranger), max_message_bytes=10_000)
    stranger.recv()
    stranger.send(b"frame {" + b" " * 20_000)
    assert stranger.poll(ARRIVAL_TIMEOUT_MS)  # it leaves
    assert stranger.recv() == b"\x00"

    def has_come_again() -> bool:
        assert subscriber.receive(0.01) is None
        return bool(stranger.poll(0))

    eventually(has_come_again, "the subscriber connects again")
    assert stranger.recv() == b"\x01"
    stranger.send(wires(1)[0])
    assert subscriber.receive(ARRIVAL_TIMEOUT_S) is not None
    assert subscriber.malformed == 0
    assert "a message over 10000 bytes" in caplog.text


def test_losses_are_counted_by_topic(stranger: zmq.Socket[bytes], listen: Listen) -> None:
    subscriber = listen(address(stranger))
    stranger.recv()
    sent = wires(10)
    for number in (0, 1, 4, 9):
        stranger.send(sent[number])
    for _ in range(4):
        assert subscriber.receive(ARRIVAL_TIMEOUT_S)
    assert subscriber.lost == {"frame": 6}


def test_conflating_keeps_the_newest_of_each_topic(stranger: zmq.Socket[bytes], listen: Listen) -> None:
    subscriber = listen(address(stranger), topics=["frame", "health"], conflate=True)
    assert {stranger.recv(), stranger.recv()} == {b"\x01frame ", b"\x01health "}
    stamper = MessageStamper()
    for frame_id in range(20):
        stranger.send(encode(stamper.stamp(contents.frame(frame_id)), "json").wire)
        stranger.send(encode(stamper.stamp(contents.health()), "json").wire)
    newest: dict[str, int] = {}
    while len(newest) < 2 or min(newest.values()) < 19:
        message = subscriber.receive(ARRIVAL_TIMEOUT_S)
        assert message is not None
        newest[message.topic] = message.sequence
    assert newest == {"frame": 19, "health": 19}


def test_latest_gives_the_newest_and_raises_when_it_is_stale(publisher: ZmqPublisher, listen: Listen) -> None:
    clock = FakeClock(5_000_000_000)  # when these frames are captured
    subscriber = listen(publisher.endpoint, clock=clock)
    for frame_id in range(5):
        publisher.publish(contents.frame(frame_id))
    message = subscriber.latest("frame", 500, wait_s=ARRIVAL_TIMEOUT_S)
    while message.sequence < 4:  # the five may arrive one by one
        message = subscriber.latest("frame", 500)
    clock.advance(0.6)
    with pytest.raises(PublishingError, match=r"frame: newest message is 600 ms old \(max_age_ms=500\)"):
        subscriber.latest("frame", 500)
    with pytest.raises(PublishingError, match="no message yet"):
        subscriber.latest("health", 500)


def test_zero_timeout_looks_behind_repeats(stranger: zmq.Socket[bytes], listen: Listen) -> None:
    subscriber = listen(address(stranger))
    stranger.recv()
    sent = wires(2)
    for wire in (sent[0], sent[0], b"garbage", sent[0], sent[1]):
        stranger.send(wire)
    assert subscriber.receive(ARRIVAL_TIMEOUT_S)
    while subscriber.duplicates < 2:
        message = subscriber.receive(0.0)
        if message is not None:
            assert message.sequence == 1
            break
    assert subscriber.duplicates == 2


def test_a_publisher_may_come_later(listen: Listen, opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    with ZmqPublisher("tcp://127.0.0.1:*") as scout:
        endpoint = scout.endpoint
    subscriber = listen(endpoint)
    assert subscriber.receive(0.0) is None
    publisher = opened(ZmqPublisher(endpoint))
    publisher.start()
    publisher.publish(contents.health())
    assert subscriber.receive(ARRIVAL_TIMEOUT_S) is not None
    assert subscriber.connection.startswith("connected")


@pytest.mark.parametrize(
    "wrong",
    [{"connect": "localhost"}, {"topics": []}, {"high_water_mark": 0}, {"max_message_bytes": 0}, {"connect": "tcp://*:1"}],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing_open(wrong: dict[str, object]) -> None:
    with pytest.raises(PublishingError):
        Subscriber(**wrong)  # type: ignore[arg-type]


def test_a_closed_subscriber_says_so(listen: Listen) -> None:
    with listen("tcp://127.0.0.1:9") as subscriber:
        pass
    subscriber.close()
    with pytest.raises(PublishingError, match="closed"):
        subscriber.receive(0)
