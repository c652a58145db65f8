from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.keyframes.rules import KeyframeRules


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"settle_s": -0.1}, "settle_s must be 0 or more, found -0.1"),
        ({"window_s": float("nan")}, "window_s must be 0 or more, found nan"),
        ({"changed_by": 1.5}, r"changed_by must lie in \[0, 1\], found 1.5"),
        ({"max_side_px": 0}, "max_side_px must be at least 1, found 0"),
        ({"min_interval_s": 20.0}, r"min_interval_s \(20.0\) must not be above refresh_s \(10.0\)"),
    ],
)
def test_a_bad_value_is_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=f"keyframes: {message}"):
        KeyframeRules(**settings)  # type: ignore[arg-type]


def test_the_edges_are_allowed() -> None:
    rules = KeyframeRules(settle_s=0, changed_by=1, mixed_from=0, min_interval_s=10, refresh_s=10)
    assert rules.changed_by == 1
