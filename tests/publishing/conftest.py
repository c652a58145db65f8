"""Opening and closing sockets so that a leaked one fails its test instead of hanging it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest
import zmq

CLOSE_TIMEOUT_S = 10.0
"""Far above any linger in these tests."""
EVENTUALLY_TIMEOUT_S = 20.0
"""For what another thread will do soon; generous, since nothing waits for it in vain where all is well."""


class Closable(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


@pytest.fixture(autouse=True)
def sockets_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every ZeroMQ socket made during a test is closed at its end, and every publisher's thread is gone."""
    made: list[zmq.Socket[Any]] = []
    plain_socket = zmq.Context.socket

    def tracked_socket(self: zmq.Context[Any], *args: Any, **kwargs: Any) -> zmq.Socket[Any]:
        socket: zmq.Socket[Any] = plain_socket(self, *args, **kwargs)
        made.append(socket)
        return socket

    monkeypatch.setattr(zmq.Context, "socket", tracked_socket)
    yield
    leaked = [socket for socket in made if not socket.closed]
    for socket in leaked:
        socket.close(linger=0)
    threads = [thread.name for thread in threading.enumerate() if thread.name == "publisher"]
    assert not leaked, f"sockets left open: {leaked}"
    assert not threads, "a publisher's thread still runs"


@pytest.fixture
def opened() -> Iterator[Callable[[T], T]]:
    """Registers what must be closed at the end of the test; closing that hangs fails the test."""
    things: list[Closable] = []

    def register(thing: T) -> T:
        things.append(thing)
        return thing

    yield register
    for thing in reversed(things):
        closing = threading.Thread(target=thing.close, daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT_S)
        assert not closing.is_alive(), f"closing {thing} hangs"


@pytest.fixture
def zmq_context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """For raw peers; `destroy` closes their sockets and `term` runs under a time limit."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield context
    closing = threading.Thread(target=context.destroy, kwargs={"linger": 0}, daemon=True)
    closing.start()
    closing.join(CLOSE_TIMEOUT_S)
    assert not closing.is_alive(), "the context does not terminate: a socket of another context's thread is open"


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until another thread has done its part."""
    deadline = time.monotonic() + EVENTUALLY_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.005)
