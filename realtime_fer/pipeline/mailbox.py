"""Hand-over between two threads with a named answer to "what if the taker is slower?"."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
OverflowPolicy = Literal["newest-wins", "wait"]


class Mailbox(Generic[T]):
    """A bounded queue for one or more givers and takers.

    Args:
        capacity: how many items may lie here.
        policy: when full, "newest-wins" throws the oldest out; "wait" makes the giver wait.
    """

    def __init__(self, *, capacity: int = 1, policy: OverflowPolicy = "newest-wins") -> None:
        if capacity < 1:
            raise ValueError(f"mailbox capacity: expected 1 or more, found {capacity}")
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._policy = policy
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> T | None:
        """Give one item.

        Returns:
            The item nobody will ever take because of this call, for the giver to count: the oldest one when the
            newest wins, `item` itself when the mailbox is closed (also while waiting); otherwise None.
        """
        with self._changed:
            if self._policy == "wait":
                self._changed.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                return item
            lost = self._items.popleft() if len(self._items) >= self._capacity else None
            self._items.append(item)
            self._changed.notify_all()
            return lost

    def take(self, timeout_s: float | None = None) -> T | None:
        """The oldest item; None after `timeout_s` without one, or at once when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._items), timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self, *, discard: bool = False) -> list[T]:
        """Take nothing more in and wake everyone who waits; what lies here may still be taken.

        With `discard`, what lies here is thrown out and returned, for the caller to count.
        """
        with self._changed:
            self._closed = True
            discarded = list(self._items) if discard else []
            if discard:
                self._items.clear()
            self._changed.notify_all()
            return discarded

    @property
    def finished(self) -> bool:
        """Closed and empty: nothing will ever come again."""
        with self._changed:
            return self._closed and not self._items

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)
