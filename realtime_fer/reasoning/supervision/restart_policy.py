"""How patient the supervisor is with a reasoner's process that fails."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fer.errors import SettingsError


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a process that failed is started again.

    Failures count in a row: an answered question, or `stable_s` without a failure, begins the count anew.

    Attributes:
        first_delay_s: pause before the first restart.
        factor: each further pause is this many times longer.
        max_delay_s: no pause is longer.
        max_failures: after so many failures in a row the reasoner is given up; None: never.
        stable_s: a process that was ready for so long had nothing to do with the failures before it.

    Raises:
        SettingsError: a value out of range.
    """

    first_delay_s: float = 0.5
    factor: float = 2.0
    max_delay_s: float = 30.0
    max_failures: int | None = 6
    stable_s: float = 60.0

    def __post_init__(self) -> None:
        if not (0 <= self.first_delay_s <= self.max_delay_s and self.factor >= 1 and self.stable_s >= 0):
            raise SettingsError(
                "reasoner restarts: expected 0 <= first_delay_s <= max_delay_s, factor >= 1 and stable_s >= 0, found "
                f"{self.first_delay_s}, {self.max_delay_s}, {self.factor}, {self.stable_s}"
            )
        if self.max_failures is not None and self.max_failures < 1:
            raise SettingsError(f"reasoner restarts: max_failures must be at least 1, found {self.max_failures}")

    def delay_s(self, failures: int) -> float:
        """Pause after the `failures`-th failure in a row, from 1."""
        exponent = min(max(0, failures - 1), 64)  # far past any cap, and no overflow after a week of failures
        return min(self.max_delay_s, self.first_delay_s * self.factor**exponent)

    def gives_up(self, failures: int) -> bool:
        """Whether so many failures in a row are the end."""
        return self.max_failures is not None and failures >= self.max_failures
