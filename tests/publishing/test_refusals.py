from __future__ import annotations

import os
import socket

import pytest
import zmq

from realtime_fer.publishing.refusals import _REMEMBERED_REASONS, LOG_INTERVAL_S, HandshakeWatch, RefusalLog
from tests.fakes import FakeClock

WRONG_KEY = 0x11000001


def test_every_refusal_is_counted_and_few_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    refusals = RefusalLog(clock)
    for port in range(50):
        refusals.note(f"10.0.0.9:{port}", "wrong key")
        clock.advance(0.1)
    assert refusals.count == 50
    assert [record.getMessage() for record in caplog.records] == ["refused connection from 10.0.0.9:0: wrong key"]
    clock.advance(LOG_INTERVAL_S)
    refusals.note("10.0.0.9:99", "wrong key")
    assert "49 more times" in caplog.text
    refusals.note("10.0.0.9:100", "another reason")
    assert "another reason" in caplog.text


def test_what_is_remembered_of_strangers_is_bounded() -> None:
    refusals = RefusalLog(FakeClock())
    for number in range(_REMEMBERED_REASONS * 2):
        refusals.note(f"host{number}:1", "wrong key")
        refusals.note(f"host{number}:2", "wrong key")
    assert len(refusals._logged_ns) == len(refusals._unlogged) == _REMEMBERED_REASONS


def test_a_failed_handshake_names_its_peer(caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(FakeClock())
    watch = HandshakeWatch(refusals)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as peer:
        accepted, _ = listener.accept()
        with accepted:
            watch.handle(zmq.Event.ACCEPTED, accepted.fileno())
            watch.handle(zmq.Event.HANDSHAKE_FAILED_PROTOCOL, WRONG_KEY)
            watch.handle(zmq.Event.DISCONNECTED, accepted.fileno())
            assert f"127.0.0.1:{peer.getsockname()[1]}: it used a wrong server key" in caplog.text
    assert refusals.count == 1


def test_a_peer_that_is_gone_or_no_network_socket_is_counted_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(FakeClock())
    watch = HandshakeWatch(refusals)
    reader, writer = os.pipe()
    os.close(writer)
    watch.handle(zmq.Event.ACCEPTED, reader)
    os.close(reader)
    for descriptor in (reader, 999_999):
        watch.handle(zmq.Event.HANDSHAKE_FAILED_PROTOCOL, 0x10000000)
        watch.handle(zmq.Event.DISCONNECTED, descriptor)
    assert refusals.count == 2
    assert "an unknown address" in caplog.text


def test_a_client_that_leaves_is_no_refusal() -> None:
    refusals = RefusalLog(FakeClock())
    watch = HandshakeWatch(refusals)
    watch.handle(zmq.Event.HANDSHAKE_SUCCEEDED, 0)
    watch.handle(zmq.Event.HANDSHAKE_FAILED_NO_DETAIL, 32)
    watch.handle(zmq.Event.DISCONNECTED, 5)
    assert refusals.count == 0
