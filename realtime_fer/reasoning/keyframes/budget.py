"""How many questions may be asked: a token bucket on the frames' own clock."""

from __future__ import annotations

from realtime_fer.errors import SettingsError

ROUNDING = 1e-9
"""Tokens are added in many small parts; a whole one may come out this much short."""


class QuestionBudget:
    """Lets at most `burst + questions_per_s * T` questions through in any T seconds.

    Args:
        questions_per_s: tokens added a second.
        burst: tokens the bucket holds; it starts full.

    Raises:
        SettingsError: the rate is not above 0, or the burst below 1.
    """

    def __init__(self, *, questions_per_s: float, burst: int) -> None:
        if not questions_per_s > 0:
            raise SettingsError(f"keyframes: questions_per_s must be above 0, found {questions_per_s}")
        if burst < 1:
            raise SettingsError(f"keyframes: burst must be at least 1, found {burst}")
        self._questions_per_s = questions_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._time_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Spend one question; False where none is left. A clock that goes back adds nothing, and counts on from there."""
        if self._time_s is not None and now_s > self._time_s:
            self._tokens = min(float(self._burst), self._tokens + (now_s - self._time_s) * self._questions_per_s)
        self._time_s = now_s
        if self._tokens < 1.0 - ROUNDING:
            return False
        self._tokens = max(0.0, self._tokens - 1.0)
        return True
