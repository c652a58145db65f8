from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.keyframes.history import Stretch, TrackHistory, distance
from realtime_fer.reasoning.keyframes.keyframe import KeyframeReason
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.types import FloatArray
from tests.reasoning.keyframes.faces import HAPPY, MIXED, NEUTRAL, SAD, UNSURE, shares

RULES = KeyframeRules(settle_s=0.5, hold_s=0.5, min_interval_s=1.0, refresh_s=10.0)
STEP_S = 1 / 16
"""And rules in whole steps, so that no sum is rounded."""


class Face:
    """A track with a clock of its own, in steps of 1/16 s."""

    def __init__(self, rules: KeyframeRules = RULES) -> None:
        self.step = 1600
        self.history = TrackHistory(FERPLUS_LABELS, rules, self.now_s)

    @property
    def now_s(self) -> float:
        return self.step * STEP_S

    def show(self, probabilities: FloatArray, seconds: float, quality: float = 1.0) -> list[KeyframeReason | None]:
        """The reason on every frame of so many seconds."""
        reasons = []
        for _ in range(round(seconds / STEP_S)):
            self.step += 1
            self.history.update(probabilities, self.now_s)
            reasons.append(self.history.reason(quality, self.now_s))
        return reasons

    def ask(self, quality: float = 1.0) -> None:
        self.history.ask(quality, self.now_s)


def asked(probabilities: FloatArray, quality: float = 1.0) -> Face:
    """A face that was asked about just now, showing this."""
    face = Face()
    assert face.show(probabilities, 0.75)[-1] is KeyframeReason.NEW_FACE
    face.ask(quality)
    return face


def test_a_new_face_is_asked_about_once_it_has_settled() -> None:
    reasons = Face().show(NEUTRAL, 1.0)
    assert reasons[:8] == [None] * 8
    assert set(reasons[8:]) == {KeyframeReason.NEW_FACE}


def test_a_restless_new_face_is_asked_about_in_the_end() -> None:
    face = Face()
    reasons = [r for _ in range(40) for p in (NEUTRAL, HAPPY) for r in face.show(p, 0.25)]
    assert set(reasons[:159]) == {None}
    assert reasons[159] is KeyframeReason.LONG_UNASKED


def test_a_changed_expression_counts_once_it_has_settled() -> None:
    face = asked(NEUTRAL)
    assert set(face.show(NEUTRAL, 2.0)) == {None}
    reasons = face.show(HAPPY, 1.0)
    assert reasons[:8] == [None] * 8
    assert set(reasons[8:]) == {KeyframeReason.EXPRESSION_CHANGED}
    face.ask()
    assert set(face.show(HAPPY, 2.0)) == {None}


def test_the_way_to_an_expression_is_not_an_expression() -> None:
    face = asked(NEUTRAL)
    face.show(NEUTRAL, 2.0)
    way = [NEUTRAL + np.float32(share) * (HAPPY - NEUTRAL) for share in np.linspace(0, 1, 16)]
    assert {reason for p in way for reason in face.show(p, STEP_S)} == {None}


def test_a_small_change_is_none() -> None:
    face = asked(shares(neutral=0.9))
    assert distance(shares(neutral=0.9), shares(neutral=0.6)) < RULES.changed_by
    assert set(face.show(shares(neutral=0.6), 5.0)) == {None}


def test_a_slow_change_counts_where_it_has_gone_far_enough() -> None:
    face = asked(NEUTRAL)
    way = [NEUTRAL + np.float32(share) * (HAPPY - NEUTRAL) for share in np.linspace(0, 1, 30)]
    reasons = [reason for p in way for reason in face.show(p, 0.25)]
    assert KeyframeReason.EXPRESSION_CHANGED in reasons


@pytest.mark.parametrize(("shown", "reason"), [(UNSURE, KeyframeReason.UNCERTAIN), (MIXED, KeyframeReason.MIXED)])
def test_uncertain_and_mixed_are_asked_about_once(shown: FloatArray, reason: KeyframeReason) -> None:
    near = shown + np.float32(0.35) * ((SAD if reason is KeyframeReason.MIXED else NEUTRAL) - shown)
    face = asked(near)
    assert set(face.show(near, 1.5)) == {None}
    reasons = face.show(shown, 1.0)
    assert reasons[:8] == [None] * 8
    assert set(reasons[8:]) == {reason}
    face.ask()
    assert set(face.show(shown, 5.0)) == {None}, "it was asked about in this very state"


def test_neutral_with_one_expression_is_not_mixed() -> None:
    face = asked(shares(neutral=0.7, sadness=0.25))
    assert set(face.show(shares(neutral=0.5, sadness=0.45), 3.0)) == {None}


def test_noise_at_the_limit_is_one_stretch() -> None:
    stretch = Stretch()
    for step, value in enumerate([0.49, 0.51, 0.48, 0.55, 0.47]):
        stretch.update(step, begins=value < 0.5, goes_on=value < 0.6)
    assert stretch.held_for(4) == 4
    stretch.update(5, begins=False, goes_on=False)
    assert stretch.held_for(5) == 0
    assert not stretch.began_after(0)
    stretch.update(6, begins=True, goes_on=True)
    assert stretch.began_after(5)
    assert not stretch.began_after(6)


def test_noise_at_the_limit_is_not_asked_about_again_and_again() -> None:
    face = asked(shares(neutral=0.7))
    noise = [shares(neutral=0.48), shares(neutral=0.55)] * 2
    assert [r for p in noise for r in face.show(p, 0.5)][-1] is KeyframeReason.UNCERTAIN
    face.ask()
    assert {r for p in noise * 2 for r in face.show(p, 0.75)} == {None}


def test_a_poor_picture_is_asked_about_again_when_there_is_a_good_one() -> None:
    face = asked(NEUTRAL, quality=0.35)
    assert set(face.show(NEUTRAL, 3.0, quality=0.6)) == {None}
    assert face.show(NEUTRAL, STEP_S, quality=0.8)[-1] is KeyframeReason.BETTER_PICTURE
    face.ask(quality=0.8)
    assert set(face.show(NEUTRAL, 3.0, quality=1.0)) == {None}


def test_long_unasked() -> None:
    face = asked(NEUTRAL)
    assert set(face.show(NEUTRAL, 10 - STEP_S)) == {None}
    assert face.show(NEUTRAL, STEP_S)[-1] is KeyframeReason.LONG_UNASKED


def test_no_two_questions_within_the_least_interval() -> None:
    face = asked(NEUTRAL)
    reasons = face.show(HAPPY, 1.5)
    assert reasons[:15] == [None] * 15
    assert reasons[15] is KeyframeReason.EXPRESSION_CHANGED


def test_after_a_gap_it_has_to_settle_again() -> None:
    face = asked(NEUTRAL)
    face.show(HAPPY, 0.25)
    face.step += 30
    reasons = face.show(HAPPY, 0.75)
    assert reasons[:8] == [None] * 8
    assert reasons[-1] is KeyframeReason.EXPRESSION_CHANGED


def test_moving_on_is_told_so_that_old_pictures_are_dropped() -> None:
    history = TrackHistory(FERPLUS_LABELS, RULES, 0.0)
    assert history.update(NEUTRAL, 0.0)
    assert not history.update(shares(neutral=0.9), 0.1)
    assert history.update(HAPPY, 0.2)
    assert history.settled_since_s == 0.2


def test_the_numbers_behind_a_question() -> None:
    face = asked(NEUTRAL)
    face.show(NEUTRAL, 2.0)
    face.show(HAPPY, 1.0)
    evidence = face.history.evidence(0.7, face.now_s)
    assert (evidence.best_label, evidence.second_label) == ("happiness", "neutral")
    assert evidence.best_probability == pytest.approx(0.95)
    assert evidence.change == pytest.approx(distance(NEUTRAL, HAPPY))
    assert evidence.in_view_s == 3.75
    assert evidence.since_asked_s == 3.0
    assert evidence.settled_s == 1.0 - STEP_S
    assert evidence.waiting_s == 0.5 - STEP_S
    assert (evidence.quality, evidence.quality_asked) == (0.7, 1.0)


def test_before_the_first_question_there_is_nothing_to_compare_with() -> None:
    face = Face()
    face.show(NEUTRAL, 0.75)
    evidence = face.history.evidence(1.0, face.now_s)
    assert evidence.change is evidence.since_asked_s is evidence.quality_asked is None
    assert face.history.turn == (1600 * STEP_S, False)
    face.ask()
    assert face.history.turn == (face.now_s, True)


def test_distance_is_the_probability_that_has_to_move() -> None:
    assert distance(np.array([1, 0, 0], np.float32), np.array([0, 0.5, 0.5], np.float32)) == 1
    assert distance(np.array([0.5, 0.5], np.float32), np.array([0.75, 0.25], np.float32)) == 0.25
    assert distance(NEUTRAL, NEUTRAL) == 0
