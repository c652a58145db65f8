"""The best picture of one face within a short time, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PARTS = 4
"""The window slides in so many steps; it holds at most one picture a step, and one more."""


@dataclass(slots=True)
class _Part(Generic[T]):
    """The best offer of one step of the window."""

    step: int
    time_s: float
    merit: float
    item: T


class BestOfWindow(Generic[T]):
    """Keeps the best of what was offered lately; offers come in order of time.

    Args:
        window_s: older offers are forgotten.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._step_s = window_s / PARTS
        self._parts: deque[_Part[T]] = deque()

    def offer(self, time_s: float, merit: float, make: Callable[[], T | None]) -> None:
        """Take one more candidate.

        Args:
            time_s: not before that of the last offer.
            merit: larger is better.
            make: called only where the candidate is kept; None where there is nothing to keep after all.
        """
        self._forget_before(time_s - self._window_s)
        step = int(time_s // self._step_s) if self._step_s > 0 else 0
        newest = self._parts[-1] if self._parts else None
        if newest is not None and newest.step == step and newest.merit >= merit:
            return
        item = make()
        if item is None:
            return
        # Whatever is older and no better can never be the best again.
        while self._parts and self._parts[-1].merit <= merit:
            self._parts.pop()
        self._parts.append(_Part(step, time_s, merit, item))

    def best(self, now_s: float) -> T | None:
        """The best offer that is at most `window_s` old; None where there is none."""
        self._forget_before(now_s - self._window_s)
        return self._parts[0].item if self._parts else None

    def clear(self) -> None:
        """Forget everything."""
        self._parts.clear()

    def __len__(self) -> int:
        return len(self._parts)

    def _forget_before(self, time_s: float) -> None:
        while self._parts and self._parts[0].time_s < time_s:
            self._parts.popleft()
