from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from realtime_fer.reasoning.openai_compatible import timed_socket
from realtime_fer.reasoning.openai_compatible.timed_socket import TimedSocket


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


class SecondsPass:
    """A clock on which each look takes one second."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        self.now_s += 1.0
        return self.now_s


def test_receiving_ends_at_the_deadline_though_more_is_there(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_socket, "time", SecondsPass())
    near, far = pair
    timed = TimedSocket(near)
    timed.expires_s = 3.5
    with timed.makefile("rb") as file:
        for _ in range(3):
            far.sendall(b"line\n")
            assert file.readline() == b"line\n"
        far.sendall(b"line\n")
        with pytest.raises(TimeoutError):
            file.readline()


def test_sending_ends_at_the_deadline_though_some_is_taken(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_socket, "time", SecondsPass())
    near, far = pair

    class OneByteAtATime:
        def settimeout(self, seconds: float) -> None:
            near.settimeout(seconds)

        def send(self, data: memoryview) -> int:
            return near.send(data[:1])

    timed = TimedSocket(OneByteAtATime())  # type: ignore[arg-type]
    timed.expires_s = 3.5
    with pytest.raises(TimeoutError):
        timed.sendall(b"12345")
    assert far.recv(9) == b"123"
    timed.expires_s = 99.0
    timed.sendall(b"45")
    assert far.recv(9) == b"45"


def test_what_was_sent_can_be_read_after_the_socket_was_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    timed = TimedSocket(near)
    timed.expires_s = 1e6
    far.sendall(b"the end")
    far.close()
    with timed.makefile("rb") as file:
        timed.close()
        assert file.read() == b"the end"
    assert near.fileno() == -1
