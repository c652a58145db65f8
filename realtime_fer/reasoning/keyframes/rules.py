"""What makes a face worth a question, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields

from realtime_fer.errors import SettingsError

UNIT_INTERVAL_KEYS = (
    "settled_within",
    "changed_by",
    "uncertain_below",
    "mixed_from",
    "min_quality",
    "better_by",
)
"""These are probabilities or distances of probabilities."""


@dataclass(frozen=True, slots=True)
class KeyframeRules:
    """Limits of the reasons; times are seconds of the frames' clock.

    Distances are total variation distances of smoothed probabilities: 0 for equal ones, 1 for a change from one sure
    class to another.

    Attributes:
        settle_s: probabilities that stayed within `settled_within` for so long have settled. The smoothing of the fast
            path delays a step by about 0.25 s, a smile unfolds in 0.2 to 0.5 s: shorter, and the way to an expression
            is asked about instead of the expression.
        settled_within: see there.
        changed_by: so far from what was asked about last is another expression.
        uncertain_below: a smaller best probability is uncertain.
        mixed_from: two classes other than neutral with at least so much each are mixed.
        hold_s: uncertain or mixed for so long before it counts.
        min_quality: a picture of a face seen less well is not sent.
        better_by: so much more quality than in the last question's picture makes a better picture.
        window_s: the best picture of so long is sent.
        min_interval_s: no two questions about one track within this time.
        refresh_s: after so long without a question, one is asked anyway.
        margin: around the face in the picture, on each side, as a share of the box's longer side.
        max_side_px: larger pictures are shrunk to this.

    Raises:
        SettingsError: a value out of range.
    """

    settle_s: float = 0.4
    settled_within: float = 0.15
    changed_by: float = 0.4
    uncertain_below: float = 0.5
    mixed_from: float = 0.25
    hold_s: float = 0.5
    min_quality: float = 0.3
    better_by: float = 0.4
    window_s: float = 0.5
    min_interval_s: float = 1.0
    refresh_s: float = 10.0
    margin: float = 0.3
    max_side_px: int = 1024

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not value >= 0:
                raise SettingsError(f"keyframes: {entry.name} must be 0 or more, found {value}")
            if entry.name in UNIT_INTERVAL_KEYS and value > 1:
                raise SettingsError(f"keyframes: {entry.name} must lie in [0, 1], found {value}")
        if self.max_side_px < 1:
            raise SettingsError(f"keyframes: max_side_px must be at least 1, found {self.max_side_px}")
        if self.min_interval_s > self.refresh_s:
            raise SettingsError(
                f"keyframes: min_interval_s ({self.min_interval_s}) must not be above refresh_s ({self.refresh_s})"
            )
