"""Questions that wait for the reasoner: the newest of each track, served in turn."""

from __future__ import annotations

from collections import OrderedDict

from realtime_fer.reasoning.outcome import AskedRequest

DEFAULT_CAPACITY = 32
"""Tracks that wait at once. A crop has up to some megabytes."""


class QuestionSlots:
    """One slot a track. A newer question takes the slot and the place in line of the one before it.

    So nobody waits for more than one question of each other track. Not safe for several threads by itself.

    Args:
        capacity: when so many tracks wait, one more pushes out the one at the head of the line: its picture is the oldest.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"question slots: expected a capacity of 1 or more, found {capacity}")
        self._capacity = capacity
        self._waiting: OrderedDict[int, AskedRequest] = OrderedDict()

    def put(self, asked: AskedRequest) -> AskedRequest | None:
        """Let a question wait; the one that will never be asked because of it, or None."""
        track_id = asked.request.track_id
        replaced = self._waiting.get(track_id)
        if replaced is None and len(self._waiting) >= self._capacity:
            _, replaced = self._waiting.popitem(last=False)
        self._waiting[track_id] = asked
        return replaced

    def take(self) -> AskedRequest | None:
        """The question at the head of the line; None where nobody waits."""
        return self._waiting.popitem(last=False)[1] if self._waiting else None

    def cancel(self, track_id: int) -> AskedRequest | None:
        """Take a track's question out; None where it has none."""
        return self._waiting.pop(track_id, None)

    def clear(self) -> list[AskedRequest]:
        """Take out everything, in line."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        return waiting

    def __len__(self) -> int:
        return len(self._waiting)
