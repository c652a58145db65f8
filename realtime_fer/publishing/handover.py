"""From any thread to the socket thread: a bounded queue that wakes its reader through a file descriptor.

The reader sleeps in `zmq.poll` on its sockets and on this at once, so nobody has to look again and again.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way to the socket.

    Attributes:
        topic: what it is about.
        wire: the ZeroMQ frame.
        is_last: nothing follows on this topic; late joiners need not hear of it.
    """

    topic: str
    wire: bytes
    is_last: bool


class HandOver:
    """Keeps at most `capacity` messages; the oldest goes first where the reader does not keep up.

    With `conflate`, a message also replaces a waiting one of its own topic. Each message lost either way is counted,
    and shows to subscribers as a gap in its topic's sequence.
    """

    def __init__(self, capacity: int, *, conflate: bool = False) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected at least 1, found {capacity}")
        self._capacity = capacity
        self._conflate = conflate
        self._lock = threading.Lock()
        self._waiting: OrderedDict[object, Outgoing] = OrderedDict()
        self._ended_unsent: list[str] = []
        self._next_key = 0
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.dropped = 0

    def fileno(self) -> int:
        """Readable when messages wait or `wake` was called."""
        return self._reader.fileno()

    def put(self, *messages: Outgoing) -> None:
        """Hand over messages; never waits for the reader.

        What belongs together is best put together: the reader is woken once, after the last, and does not compete with
        the giver for the interpreter in between.
        """
        with self._lock:
            was_empty = not self._waiting
            for outgoing in messages:
                self._put(outgoing)
        if was_empty and messages:
            self.wake()

    def _put(self, outgoing: Outgoing) -> None:
        if self._conflate:
            key: object = outgoing.topic
            if self._waiting.pop(key, None) is not None:
                self.dropped += 1
        else:
            key, self._next_key = self._next_key, self._next_key + 1
        if len(self._waiting) >= self._capacity:
            _, oldest = self._waiting.popitem(last=False)
            self.dropped += 1
            if oldest.is_last:
                self._ended_unsent.append(oldest.topic)
        self._waiting[key] = outgoing

    def wake(self) -> None:
        """Make the reader look, whether or not something waits."""
        with contextlib.suppress(OSError):  # full: it will look anyway; closed: nobody looks any more
            self._writer.send(b"\0")

    def take(self) -> tuple[list[Outgoing], list[str]]:
        """Everything that waits, oldest first, and the topics whose last message was dropped before it was sent."""
        with contextlib.suppress(OSError):  # nothing left to read
            while self._reader.recv(4096):
                pass  # before the swap: a message put from here on wakes the reader again
        with self._lock:
            waiting, self._waiting = self._waiting, OrderedDict()
            ended, self._ended_unsent = self._ended_unsent, []
        return list(waiting.values()), ended

    def close(self) -> None:
        """Give the file descriptors back; may be called again."""
        self._reader.close()
        self._writer.close()
