from __future__ import annotations

import logging
import os
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.curve import AllowList, load_client_keys, load_server_keys, make_keys
from realtime_fer.publishing.encoding import Encoding, decode
from realtime_fer.publishing.handover import HandOver
from realtime_fer.publishing.message import Content
from realtime_fer.publishing.sequence import SequenceTracker
from realtime_fer.publishing.subscriber import Subscriber
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from tests.publishing import contents
from tests.publishing.conftest import eventually

ANY_PORT = "tcp://127.0.0.1:*"
ARRIVAL_TIMEOUT_S = 20.0
ARRIVAL_TIMEOUT_MS = 20_000


@pytest.fixture
def publisher(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> ZmqPublisher:
    publisher = opened(ZmqPublisher(ANY_PORT))
    publisher.start()
    return publisher


@pytest.fixture
def listen(opened: Callable[[Subscriber], Subscriber]) -> Callable[..., Subscriber]:
    return lambda *args, **kwargs: opened(Subscriber(*args, **kwargs))


def heard(subscriber: Subscriber, count: int) -> list[tuple[str, int]]:
    messages = [subscriber.receive(ARRIVAL_TIMEOUT_S) for _ in range(count)]
    return [(message.topic, message.sequence) for message in messages if message is not None]


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_what_is_published_arrives_as_returned(
    encoding: Encoding, opened: Callable[[ZmqPublisher], ZmqPublisher], zmq_context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    publisher = opened(ZmqPublisher(ANY_PORT, encoding=encoding))
    publisher.start()
    raw = zmq_context.socket(zmq.SUB)
    raw.subscribe(b"")
    raw.connect(publisher.endpoint)
    sent = [publisher.publish(c) for c in (contents.frame(faces=3), contents.turn(), contents.health())]
    received: set[bytes] = set()
    while len(received) < len(sent):  # where the subscription arrives in the midst of them, some come twice
        assert raw.poll(ARRIVAL_TIMEOUT_MS)
        received.add(raw.recv())
    assert received == {encoded.wire for encoded in sent}
    for encoded in sent:
        assert decode(encoded.wire) == encoded.message
        assert encoded.message.publisher_id == publisher.publisher_id
    eventually(lambda: publisher.messages_published == 3, "three messages counted")


def test_topics_are_filtered_exactly(publisher: ZmqPublisher, listen: Callable[..., Subscriber]) -> None:
    one, faces = listen(publisher.endpoint, topics=["face.1"]), listen(publisher.endpoint, topics=["face."])
    for content in (contents.turn(track_id=12), contents.turn(track_id=1), contents.frame(), contents.health()):
        publisher.publish(content)
    assert heard(one, 1) == [("face.1", 0)]
    assert sorted(heard(faces, 2)) == [("face.1", 0), ("face.12", 0)]
    assert one.receive(0.1) is None
    assert faces.receive(0.1) is None


def test_late_joiners_get_current_state_and_then_every_number(
    publisher: ZmqPublisher, listen: Callable[..., Subscriber]
) -> None:
    for frame_id in range(5):
        publisher.publish(contents.frame(frame_id))
    publisher.publish(contents.turn("started", track_id=1))
    publisher.publish(contents.turn("started", track_id=2))
    publisher.publish(contents.turn("ended", track_id=1))
    publisher.publish(contents.health())
    eventually(lambda: publisher.messages_published == 9, "all are sent")
    first = listen(publisher.endpoint)
    assert sorted(heard(first, 3)) == [("face.2", 0), ("frame", 4), ("health", 0)]  # face.1 has ended
    second = listen(publisher.endpoint, topics=["frame", "face.2"])
    assert sorted(heard(second, 2)) == [("face.2", 0), ("frame", 4)]
    for frame_id in range(5, 105):
        publisher.publish(contents.frame(frame_id))
    expected = [("frame", number) for number in range(5, 105)]
    assert heard(first, 100) == expected
    assert heard(second, 100) == expected
    assert first.duplicates >= 1  # the state sent for the second one
    assert first.lost == second.lost == {}


def test_who_asks_for_answers_hears_no_words_and_who_comes_late_hears_the_last_about_each_face(
    publisher: ZmqPublisher, listen: Callable[..., Subscriber]
) -> None:
    publisher.publish(contents.frame())
    answers, words = (listen(publisher.endpoint, topics=[topic, "frame"]) for topic in ("reasoning", "reasoning.partial"))
    for subscriber in (answers, words):
        assert heard(subscriber, 1) == [("frame", 0)], "by now what it subscribed to before is known, too"
    for track_id in (1, 2, 3):
        publisher.publish_all([contents.partial(track_id=track_id), contents.reasoning(track_id=track_id)])
        publisher.publish(contents.track_reasoning(track_id=track_id))
    publisher.publish(contents.track_reasoning("ended", track_id=2))
    assert heard(answers, 3) == [("reasoning", number) for number in range(3)]
    assert heard(words, 3)[-1] == ("reasoning.partial", 2)
    assert (answers.lost, answers.receive(0.1)) == ({}, None)
    late = listen(publisher.endpoint, topics=["reasoning", "reasoning.partial", "reasoning.face."])
    assert sorted(heard(late, 3)) == [("reasoning", 2), ("reasoning.face.1", 0), ("reasoning.face.3", 0)]
    assert late.receive(0.1) is None, "words are not kept"


def test_a_second_joiner_with_the_same_topic_gets_the_state_too(
    publisher: ZmqPublisher, listen: Callable[..., Subscriber]
) -> None:
    """ZeroMQ does not tell a publisher of a topic that somebody has subscribed to already, unless it is asked to."""
    publisher.publish(contents.frame(0))
    for _ in range(3):
        assert heard(listen(publisher.endpoint, topics=["frame"]), 1) == [("frame", 0)]


def test_messages_published_together_are_numbered_and_sent_in_their_order(
    publisher: ZmqPublisher, listen: Callable[..., Subscriber]
) -> None:
    subscriber = listen(publisher.endpoint)
    publisher.publish(contents.health())
    assert heard(subscriber, 1) == [("health", 0)]
    together: list[Content] = [contents.frame(0), contents.turn("started"), contents.frame(1), contents.turn("updated")]
    encoded = publisher.publish_all(together)
    expected = [("frame", 0), ("face.1", 0), ("frame", 1), ("face.1", 1)]
    assert [(e.message.topic, e.message.sequence) for e in encoded] == expected
    assert heard(subscriber, 4) == expected


def test_joining_while_frames_flow_leaves_no_gap(publisher: ZmqPublisher, listen: Callable[..., Subscriber]) -> None:
    stop = threading.Event()

    def publish() -> None:
        frame_id = 0
        while not stop.wait(0.0005):
            publisher.publish(contents.frame(frame_id, faces=0))
            frame_id += 1

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        for _ in range(10):
            subscriber = listen(publisher.endpoint, topics=["frame"])
            numbers = [number for _, number in heard(subscriber, 20)]
            assert numbers == list(range(numbers[0], numbers[0] + 20))
            subscriber.close()
    finally:
        stop.set()
        publishing.join()


def test_a_slow_subscriber_loses_and_the_others_do_not(
    opened: Callable[[ZmqPublisher], ZmqPublisher],
    listen: Callable[..., Subscriber],
    zmq_context: zmq.Context[zmq.Socket[bytes]],
) -> None:
    mark, batch, batches = 40, 20, 25
    publisher = opened(ZmqPublisher(ANY_PORT, high_water_mark=mark))
    publisher.start()
    slow = zmq_context.socket(zmq.SUB)
    slow.setsockopt(zmq.RCVHWM, 1)
    slow.setsockopt(zmq.RCVBUF, 4096)
    slow.subscribe(b"")
    slow.connect(publisher.endpoint)
    quick = listen(publisher.endpoint)
    publisher.publish(contents.frame(0))
    assert heard(quick, 1) == [("frame", 0)]
    assert slow.poll(ARRIVAL_TIMEOUT_MS)  # it is connected, and from here on reads nothing
    crowd = contents.frame(1, faces=50)
    for number in range(batches):
        for _ in range(batch):
            publisher.publish(crowd)
        assert [n for _, n in heard(quick, batch)] == list(range(1 + number * batch, 1 + (number + 1) * batch))
    publisher.publish(contents.health())
    tracker = SequenceTracker()
    received = 0
    while slow.poll(200):
        message = decode(slow.recv())
        assert message is not None
        received += tracker.observe(message)
    # What it did get lay in the queues of both sides and in the system's socket buffers.
    assert quick.lost == {}
    assert received < (1 + batch * batches) / 2, "hardly anything was dropped: the publisher's memory is not bounded"
    assert publisher.messages_dropped == 0  # the loss is this subscriber's alone


def test_publishing_never_waits_for_a_hanging_socket_thread(
    opened: Callable[[ZmqPublisher], ZmqPublisher], listen: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = opened(ZmqPublisher(ANY_PORT, high_water_mark=5000))
    publisher.start()
    subscriber = listen(publisher.endpoint, topics=["frame"])
    publisher.publish(contents.frame(0))
    assert heard(subscriber, 1) == [("frame", 0)]
    hold, held = threading.Event(), threading.Event()
    plain_take = HandOver.take

    def hanging_take(self: HandOver) -> object:
        held.set()
        hold.wait(ARRIVAL_TIMEOUT_S)
        return plain_take(self)

    monkeypatch.setattr(HandOver, "take", hanging_take)
    publisher.publish(contents.frame(1))
    assert held.wait(ARRIVAL_TIMEOUT_S)
    for frame_id in range(2, 1502):
        publisher.publish(contents.frame(frame_id, faces=0))
    hold.set()
    numbers: list[int] = []
    while numbers[-1:] != [1501]:
        numbers += [number for _, number in heard(subscriber, 1)]
    # The thread may have been on its way round when the first was published, and have sent it before it hung.
    assert [number for number in numbers if number > 1] == list(range(502, 1502))  # the newest thousand
    assert publisher.messages_dropped == 1501 - len(numbers)
    assert subscriber.lost == {"frame": publisher.messages_dropped}  # and the gap shows


def test_an_end_that_was_dropped_leaves_no_ghost(
    opened: Callable[[ZmqPublisher], ZmqPublisher], listen: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_fer.publishing.zmq_publisher.HAND_OVER_CAPACITY", 1)
    publisher = opened(ZmqPublisher(ANY_PORT))
    publisher.start()
    publisher.publish(contents.turn("started", track_id=1))
    eventually(lambda: publisher.messages_published == 1, "the start is sent")
    hold = threading.Event()
    plain_take = HandOver.take
    monkeypatch.setattr(HandOver, "take", lambda self: (hold.wait(ARRIVAL_TIMEOUT_S), plain_take(self))[1])
    publisher.publish(contents.turn("ended", track_id=1))
    publisher.publish(contents.health())
    publisher.publish(contents.frame(0))
    hold.set()
    eventually(lambda: publisher.messages_published >= 2, "the rest is sent")
    late = listen(publisher.endpoint)
    topics = {topic for topic, _ in heard(late, 1)}
    while (message := late.receive(0.1)) is not None:
        topics.add(message.topic)
    assert "frame" in topics
    assert "face.1" not in topics


def test_any_thread_may_publish_and_numbers_have_no_gap(publisher: ZmqPublisher, listen: Callable[..., Subscriber]) -> None:
    subscriber = listen(publisher.endpoint, topics=["frame"])
    publisher.publish(contents.frame(0, faces=0))
    heard(subscriber, 1)
    content = contents.frame(0, faces=0)
    threads = [threading.Thread(target=lambda: [publisher.publish(content) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert [number for _, number in heard(subscriber, 400)] == list(range(1, 401))
    for thread in threads:
        thread.join()


def test_conflating_sends_the_newest_of_each_topic(
    opened: Callable[[ZmqPublisher], ZmqPublisher], listen: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = threading.Event()
    plain_take = HandOver.take
    monkeypatch.setattr(HandOver, "take", lambda self: (hold.wait(ARRIVAL_TIMEOUT_S), plain_take(self))[1])
    publisher = opened(ZmqPublisher(ANY_PORT, conflate=True))
    publisher.start()
    for frame_id in range(10):
        publisher.publish(contents.frame(frame_id))
        publisher.publish(contents.health())
    hold.set()
    assert sorted(heard(listen(publisher.endpoint), 2)) == [("frame", 9), ("health", 9)]
    assert publisher.messages_dropped == 18


# Endpoints


def test_a_port_in_use_is_named_and_starting_again_later_works(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        publisher = opened(ZmqPublisher(endpoint))
        with pytest.raises(PublishingError, match=f"{endpoint}: the address is in use.*try another port"):
            publisher.start()
        assert not any(thread.name == "publisher" for thread in threading.enumerate())
    publisher.start()
    assert publisher.endpoint == endpoint
    publisher.publish(contents.health())


def test_an_address_of_another_machine_is_named(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    publisher = opened(ZmqPublisher("tcp://192.0.2.1:*", allow_insecure_bind=True))
    with pytest.raises(PublishingError, match=r"192\.0\.2\.1.*no network interface"):
        publisher.start()


@pytest.mark.parametrize(
    "bind", ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*", "tcp://192.0.2.1:5556", "tcp://robot.local:5556"]
)
def test_beyond_loopback_without_keys_is_refused(bind: str) -> None:
    with pytest.raises(SecurityError, match="reachable from other machines, and there are no CURVE keys"):
        ZmqPublisher(bind)


def test_beyond_loopback_without_keys_warns_where_it_is_allowed(
    opened: Callable[[ZmqPublisher], ZmqPublisher], caplog: pytest.LogCaptureFixture
) -> None:
    publisher = opened(ZmqPublisher("tcp://0.0.0.0:*", allow_insecure_bind=True))
    assert "in the clear" in caplog.text
    publisher.start()


def test_beyond_loopback_with_keys_needs_no_flag(
    tmp_path: Path, opened: Callable[[ZmqPublisher], ZmqPublisher], caplog: pytest.LogCaptureFixture
) -> None:
    opened(ZmqPublisher("tcp://0.0.0.0:*", curve=load_server_keys(make_keys(tmp_path, "server").secret_path))).start()
    assert not caplog.records


def test_an_allow_list_without_keys_is_refused() -> None:
    with pytest.raises(SecurityError, match="an allow-list needs CURVE keys"):
        ZmqPublisher(allowed_clients=AllowList())


def test_unlimited_queues_are_refused() -> None:
    with pytest.raises(PublishingError, match="high_water_mark"):
        ZmqPublisher(high_water_mark=0)


def test_ipv6_loopback(opened: Callable[[ZmqPublisher], ZmqPublisher], listen: Callable[..., Subscriber]) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 here")
    publisher = opened(ZmqPublisher("tcp://[::1]:*"))
    publisher.start()
    publisher.publish(contents.health())
    assert heard(listen(publisher.endpoint), 1) == [("health", 0)]


def test_an_ipc_socket_is_private_and_goes_away(tmp_path: Path, listen: Callable[..., Subscriber]) -> None:
    path = tmp_path / "faces.sock"
    umask = os.umask(0)
    try:
        with ZmqPublisher(f"ipc://{path}") as publisher:
            mode = path.stat().st_mode
            assert stat.S_ISSOCK(mode)
            assert stat.S_IMODE(mode) == 0o600
            publisher.publish(contents.health())
            assert heard(listen(f"ipc://{path}"), 1) == [("health", 0)]
            with pytest.raises(PublishingError, match="in use by another process"):
                ZmqPublisher(f"ipc://{path}").start()
        assert os.umask(0) == 0
    finally:
        os.umask(umask)
    assert not path.exists()


def test_an_ipc_socket_left_by_a_crash_is_replaced(tmp_path: Path, opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    path = tmp_path / "faces.sock"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    opened(ZmqPublisher(f"ipc://{path}")).start()


def test_an_ipc_path_that_is_too_long_is_named(tmp_path: Path, opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    with pytest.raises(PublishingError, match="longer than"):
        opened(ZmqPublisher(f"ipc://{tmp_path}/{'x' * 120}")).start()


# Security


def test_refusals_are_counted_here_too(
    tmp_path: Path,
    opened: Callable[[ZmqPublisher], ZmqPublisher],
    listen: Callable[..., Subscriber],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, robot, stranger = (make_keys(tmp_path, name) for name in ("server", "robot", "stranger"))
    (tmp_path / "allowed").mkdir()
    robot.public_path.rename(tmp_path / "allowed" / "robot.key")
    publisher = opened(
        ZmqPublisher(
            ANY_PORT,
            curve=load_server_keys(server.secret_path),
            allowed_clients=AllowList.from_folder(tmp_path / "allowed"),
        )
    )
    publisher.start()
    publisher.publish(contents.health())
    with pytest.raises(SecurityError, match="allow-list"):
        listen(publisher.endpoint, curve=load_client_keys(stranger.secret_path, server.public_path)).receive(ARRIVAL_TIMEOUT_S)
    assert publisher.refused_connections == 1
    wrong = listen(publisher.endpoint, curve=load_client_keys(robot.secret_path, stranger.public_path))
    # The stranger's client may be counted again meanwhile, so the count alone does not tell.
    eventually(lambda: "wrong server key" in caplog.text, "the wrong key is told")
    assert publisher.refused_connections > 1
    assert wrong.receive(0) is None
    friend = listen(publisher.endpoint, curve=load_client_keys(robot.secret_path, server.public_path))
    assert heard(friend, 1) == [("health", 0)]


def test_noise_on_the_port_does_no_harm(publisher: ZmqPublisher, listen: Callable[..., Subscriber]) -> None:
    host, port = publisher.endpoint.removeprefix("tcp://").split(":")
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, b""):
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(noise)
    publisher.publish(contents.health())
    assert heard(listen(publisher.endpoint), 1) == [("health", 0)]


# Life


def test_publishing_needs_a_running_publisher(opened: Callable[[ZmqPublisher], ZmqPublisher]) -> None:
    publisher = opened(ZmqPublisher(ANY_PORT))
    with pytest.raises(PublishingError, match="not started"):
        publisher.publish(contents.health())
    publisher.start()
    with pytest.raises(PublishingError, match="started already"):
        publisher.start()
    publisher.close()
    publisher.close()
    with pytest.raises(PublishingError, match="closed"):
        publisher.publish(contents.health())


def test_closing_sends_what_waits(publisher: ZmqPublisher, listen: Callable[..., Subscriber]) -> None:
    subscriber = listen(publisher.endpoint, topics=["frame"])
    publisher.publish(contents.frame(0))
    heard(subscriber, 1)
    for frame_id in range(1, 200):
        publisher.publish(contents.frame(frame_id))
    publisher.close()
    assert [number for _, number in heard(subscriber, 199)] == list(range(1, 200))


def test_a_subscriber_that_hangs_does_not_hold_the_close(
    publisher: ZmqPublisher, zmq_context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    slow = zmq_context.socket(zmq.SUB)
    slow.setsockopt(zmq.RCVHWM, 1)
    slow.subscribe(b"")
    slow.connect(publisher.endpoint)
    publisher.publish(contents.frame(0))
    assert slow.poll(ARRIVAL_TIMEOUT_MS)
    for _ in range(500):
        publisher.publish(contents.frame(0, faces=50))
    begin = time.monotonic()
    publisher.close(linger_ms=50)
    assert not any(thread.name == "publisher" for thread in threading.enumerate())
    assert time.monotonic() - begin < 10  # by default ZeroMQ would linger for ever


def test_a_broken_socket_thread_is_said_and_frees_the_endpoint(
    publisher: ZmqPublisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cosmic ray")

    publisher.publish(contents.health())
    eventually(lambda: publisher.messages_published == 1, "the thread waits for more")
    monkeypatch.setattr(publisher._loop, "_send_waiting", fail)
    publisher.publish(contents.health())
    eventually(lambda: not any(thread.name == "publisher" for thread in threading.enumerate()), "the thread ends")
    with pytest.raises(PublishingError, match=r"broken \(cosmic ray\)"):
        publisher.publish(contents.health())
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    with ZmqPublisher(publisher.endpoint):
        pass


def test_a_restarted_publisher_is_found_again_and_noticed(listen: Callable[..., Subscriber]) -> None:
    with ZmqPublisher(ANY_PORT) as first:
        subscriber = listen(first.endpoint, topics=["health"])
        first.publish(contents.health())
        assert heard(subscriber, 1) == [("health", 0)]
        endpoint = first.endpoint
    with ZmqPublisher(endpoint) as second:
        second.publish(contents.health())
        assert heard(subscriber, 1) == [("health", 0)]
    assert subscriber.restarts == 1
    assert subscriber.lost == {}
