"""How patient a live source is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """When a live source counts as silent or lost, and how it is tried again.

    Attributes:
        first_delay_s: pause before the first new attempt; short, since most losses are a loose plug or a restart.
        factor: each further pause is this many times longer.
        max_delay_s: no pause is longer, so that a camera that returns is seen within this time.
        stalled_after_s: without a frame for so long the state becomes "stalled"; nothing is done yet.
        reopen_after_s: without a frame for so long the reader is given up and a new one opened.
        open_timeout_s: opening may take so long; network cameras need seconds.
        max_attempts: failed attempts in a row before the source is given up for good; None: never.
    """

    first_delay_s: float = 0.5
    factor: float = 2.0
    max_delay_s: float = 10.0
    stalled_after_s: float = 2.0
    reopen_after_s: float = 5.0
    open_timeout_s: float = 10.0
    max_attempts: int | None = None

    def delay_s(self, failed_attempts: int) -> float:
        """Pause before the next attempt after `failed_attempts` (from 0) failed ones in a row. No jitter: one client."""
        exponent = min(failed_attempts, 64)  # far past any cap, and no overflow after a week of attempts
        return min(self.max_delay_s, self.first_delay_s * self.factor**exponent)
