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
        is_passing: the next message of the topic says it all again; it never takes the place of one that is not.
    """

    topic: str
    wire: bytes
    is_last: bool
    is_passing: bool = False


class HandOver:
    """Keeps at most `capacity` messages; the oldest goes first where the reader does not keep up.

    Of passing messages only the newest of each topic waits, and it gives way before any other does. With `conflate`, any
    message replaces a waiting one of its own topic. Each message lost either way is counted, and shows to subscribers as a gap
    in its topic's sequence.
    """

    def __init__(self, capacity: int, *, conflate: bool = False) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected at least 1, found {capacity}")
        self._capacity = capacity
        self._conflate = conflate
        self._lock = threading.Lock()
        self._waiting: OrderedDict[object, Outgoing] = OrderedDict()
        self._passing: set[object] = set()
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
        if self._conflate or outgoing.is_passing:
            key: object = outgoing.topic
            if self._waiting.pop(key, None) is not None:
                self.dropped += 1
                self._passing.discard(key)
        else:
            key, self._next_key = self._next_key, self._next_key + 1
        if len(self._waiting) >= self._capacity and not self._make_room(outgoing):
            return
        self._waiting[key] = outgoing
        if outgoing.is_passing:
            self._passing.add(key)

    def _make_room(self, outgoing: Outgoing) -> bool:
        """Drop the message that is missed least; False where that is `outgoing` itself."""
        self.dropped += 1
        if self._passing:
            del self._waiting[self._passing.pop()]
        elif outgoing.is_passing:
            return False
        else:
            _, oldest = self._waiting.popitem(last=False)
            if oldest.is_last:
                self._ended_unsent.append(oldest.topic)
        return True

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
            self._passing.clear()
            ended, self._ended_unsent = self._ended_unsent, []
        return list(waiting.values()), ended

    def close(self) -> None:
        """Give the file descriptors back; may be called again."""
        self._reader.close()
        self._writer.close()
