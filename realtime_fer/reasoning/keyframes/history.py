"""What is remembered of one track: how its expression moved, what was asked about it, and so what is worth asking now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import KeyframeEvidence, KeyframeReason
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.types import FloatArray

HYSTERESIS = 0.1
"""Uncertain and mixed end this far beyond the limit at which they begin, so that noise at the limit is one stretch."""

GAP_S = 1.0
"""A face not classified for this long starts afresh, as in the smoothing of the fast path."""

NEUTRAL = "neutral"


class Stretch:
    """Since when a condition holds that begins at one limit and ends at another."""

    def __init__(self) -> None:
        self.since_s: float | None = None

    def update(self, now_s: float, *, begins: bool, goes_on: bool) -> None:
        """Take the condition at one more moment.

        Args:
            begins: the limit at which the stretch starts is passed.
            goes_on: the wider limit, at which it ends, is not.
        """
        if self.since_s is None:
            self.since_s = now_s if begins else None
        elif not goes_on:
            self.since_s = None

    def held_for(self, now_s: float) -> float:
        """Seconds; 0 while the condition does not hold."""
        return 0.0 if self.since_s is None else now_s - self.since_s

    def began_after(self, time_s: float) -> bool:
        """True where it holds, and began after that time."""
        return self.since_s is not None and self.since_s > time_s


@dataclass(frozen=True, slots=True)
class _Asked:
    """The last question."""

    time_s: float
    probabilities: FloatArray
    quality: float


class TrackHistory:
    """One track's expression over time, and the last question about it.

    Args:
        labels: names of the classes.
        rules: the limits.
        now_s: when the track was first classified.

    Attributes:
        settled_since_s: when the probabilities came to where they stayed.
        last_seen_s: of the last update.
    """

    def __init__(self, labels: tuple[str, ...], rules: KeyframeRules, now_s: float) -> None:
        self._labels = labels
        self._rules = rules
        self._expressive = np.array([label != NEUTRAL for label in labels])
        self._first_seen_s = now_s
        self._anchor: FloatArray | None = None
        self._probabilities: FloatArray = np.zeros(len(labels), np.float32)
        self._uncertain = Stretch()
        self._mixed = Stretch()
        self._reason_since_s: float | None = None
        self._asked: _Asked | None = None
        self.settled_since_s = now_s
        self.last_seen_s = now_s

    def update(self, probabilities: FloatArray, now_s: float) -> bool:
        """Take the smoothed probabilities of one more frame, float32 (C,).

        Returns:
            True where the expression moved on, so that earlier pictures show another one.
        """
        if now_s - self.last_seen_s > GAP_S:
            self._anchor = None
            self._uncertain, self._mixed = Stretch(), Stretch()
        self.last_seen_s = now_s
        self._probabilities = probabilities
        moved = self._anchor is None or distance(probabilities, self._anchor) > self._rules.settled_within
        if moved:
            self._anchor = probabilities
            self.settled_since_s = now_s
        best = float(probabilities.max())
        limit = self._rules.uncertain_below
        self._uncertain.update(now_s, begins=best < limit, goes_on=best < limit + HYSTERESIS)
        share = self._lesser_of_two_expressions()
        limit = self._rules.mixed_from
        self._mixed.update(now_s, begins=share >= limit, goes_on=share >= limit - HYSTERESIS)
        return moved

    def reason(self, quality: float, now_s: float) -> KeyframeReason | None:
        """Why this track is worth a question now; None where it is not.

        Args:
            quality: of the best picture at hand, in [0, 1].
        """
        found = self._find_reason(quality, now_s)
        if found is None:
            self._reason_since_s = None
        elif self._reason_since_s is None:
            self._reason_since_s = now_s
        return found

    @property
    def turn(self) -> tuple[float, bool]:
        """When it had its turn: at the last question or, before the first, when it came. The smallest goes first.

        A newcomer does not jump the queue: otherwise a stream of them would leave those who stay unasked. Of two equal
        times, the one never asked is the smaller.
        """
        return (self._first_seen_s, False) if self._asked is None else (self._asked.time_s, True)

    def evidence(self, quality: float, now_s: float) -> KeyframeEvidence:
        """The numbers behind a question asked now with a picture of this quality."""
        p, asked = self._probabilities, self._asked
        best = int(p.argmax())
        second = max((i for i in range(len(p)) if i != best), key=lambda i: float(p[i]), default=best)
        return KeyframeEvidence(
            in_view_s=now_s - self._first_seen_s,
            since_asked_s=None if asked is None else now_s - asked.time_s,
            settled_s=now_s - self.settled_since_s,
            waiting_s=0.0 if self._reason_since_s is None else now_s - self._reason_since_s,
            change=None if asked is None else distance(p, asked.probabilities),
            best_label=self._labels[best],
            best_probability=float(p[best]),
            second_label=self._labels[second],
            second_probability=float(p[second]),
            quality=quality,
            quality_asked=None if asked is None else asked.quality,
        )

    def ask(self, quality: float, now_s: float) -> None:
        """A question is asked now, with a picture of this quality."""
        self._asked = _Asked(now_s, self._probabilities, quality)
        self._reason_since_s = None

    def _find_reason(self, quality: float, now_s: float) -> KeyframeReason | None:
        rules, asked = self._rules, self._asked
        since_turn_s = now_s - self.turn[0]
        settled = now_s - self.settled_since_s >= rules.settle_s
        # A restless face is better asked about unsettled than never.
        long_unasked = (KeyframeReason.LONG_UNASKED, since_turn_s >= rules.refresh_s)
        if asked is None:
            return _first_that_holds((KeyframeReason.NEW_FACE, settled), long_unasked)
        if since_turn_s < rules.min_interval_s:
            return None
        changed = settled and distance(self._probabilities, asked.probabilities) >= rules.changed_by
        return _first_that_holds(
            (KeyframeReason.EXPRESSION_CHANGED, changed),
            (KeyframeReason.MIXED, self._newly(self._mixed, asked, now_s)),
            (KeyframeReason.UNCERTAIN, self._newly(self._uncertain, asked, now_s)),
            (KeyframeReason.BETTER_PICTURE, quality - asked.quality >= rules.better_by),
            long_unasked,
        )

    def _newly(self, stretch: Stretch, asked: _Asked, now_s: float) -> bool:
        """Whether it has held for long enough, and is nothing that was asked about already."""
        return stretch.began_after(asked.time_s) and stretch.held_for(now_s) >= self._rules.hold_s

    def _lesser_of_two_expressions(self) -> float:
        """Probability of the second likeliest class other than neutral."""
        expressive = self._probabilities[self._expressive]
        return float(np.partition(expressive, -2)[-2]) if expressive.size >= 2 else 0.0


def _first_that_holds(*reasons: tuple[KeyframeReason, bool]) -> KeyframeReason | None:
    return next((reason for reason, holds in reasons if holds), None)


def distance(p: FloatArray, q: FloatArray) -> float:
    """Total variation distance of two distributions, in [0, 1]: the probability that has to move to turn one into the other."""
    return 0.5 * float(np.abs(p - q).sum())
