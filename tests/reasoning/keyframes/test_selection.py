from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.keyframes.keyframe import Keyframe, KeyframeReason
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.keyframes.selection import FORGET_UNSEEN_S, KeyframeSelector
from realtime_fer.types import FloatArray
from tests.reasoning.keyframes.faces import HAPPY, MIXED, NEUTRAL, SAD, UNSURE, face, quality, result

RECORDED = Path(__file__).parent / "crying_then_laughing.csv"
"""Smoothed probabilities, size and sharpness of the face in WolfgangLanger_Pexels.mp4, every second frame."""

AT_ONCE = KeyframeRules(settle_s=0, min_interval_s=0)
ALWAYS = KeyframeRules(settle_s=0, min_interval_s=0, refresh_s=0)
"""Under these, everybody in view has a reason on every frame."""
STATES = {"neutral": NEUTRAL, "happy": HAPPY, "sad": SAD, "unsure": UNSURE, "mixed": MIXED}


def told(keyframes: tuple[Keyframe, ...]) -> list[tuple[int, str]]:
    return [(keyframe.track_id, keyframe.reason.value) for keyframe in keyframes]


def test_the_recorded_clip_gives_the_keyframes_a_person_would_choose() -> None:
    selector = KeyframeSelector()
    found: list[Keyframe] = []
    with RECORDED.open(encoding="ascii") as lines:
        for row in csv.DictReader(lines):
            probabilities = np.array([float(row[label]) for label in FERPLUS_LABELS], np.float32)
            seen = quality(1.0, size_px=float(row["size_px"]), sharpness=float(row["sharpness"]))
            found += selector.update(result(float(row["seconds"]), [face(1, probabilities, seen=seen)]))
    assert [(k.reason.value, k.evidence.best_label) for k in found] == [
        ("new_face", "sadness"),
        ("expression_changed", "neutral"),
        ("uncertain", "neutral"),  # and sadness, and fear
        ("expression_changed", "happiness"),
    ]
    assert [k.keyframe_id for k in found] == [0, 1, 2, 3]
    assert found[0].decided_s == pytest.approx(2.0, abs=0.2)
    assert found[-1].evidence.best_probability > 0.9


def test_the_best_picture_of_the_window_is_kept_with_all_that_belongs_to_it() -> None:
    selector = KeyframeSelector(KeyframeRules(settle_s=0.4, window_s=0.5, margin=0))
    found: tuple[Keyframe, ...] = ()
    for step, score in enumerate((0.5, 0.6, 0.95, 0.7, 0.4)):
        found += selector.update(result(step / 10, [face(1, NEUTRAL, seen=quality(score))]))
    (keyframe,) = found
    assert (keyframe.frame_id, keyframe.captured_s, keyframe.decided_s) == (20, 0.2, 0.4)
    assert keyframe.capture_monotonic_ns == 5_200_000_000
    assert keyframe.capture_unix_ns == 1_700_000_000_200_000_000
    assert keyframe.evidence.quality == 0.95
    assert keyframe.crop_rgb[0, 0].tolist() == [200, 7, 20], "red, green, blue of frame 20"
    np.testing.assert_array_equal(keyframe.probabilities, NEUTRAL)


def test_the_picture_shows_the_expression_that_is_asked_about() -> None:
    selector = KeyframeSelector(KeyframeRules(settle_s=0.2, window_s=2.0, min_interval_s=0))
    for step in range(4):
        selector.update(result(step / 10, [face(1, NEUTRAL, seen=quality(1.0))]))
    found = [k for step in range(4, 9) for k in selector.update(result(step / 10, [face(1, HAPPY, seen=quality(0.5))]))]
    assert [(k.reason, k.frame_id >= 40) for k in found] == [(KeyframeReason.EXPRESSION_CHANGED, True)]


def test_a_face_seen_badly_waits_for_a_picture() -> None:
    selector = KeyframeSelector(AT_ONCE)
    assert selector.update(result(0, [face(1, NEUTRAL, seen=quality(0.2))])) == ()
    assert told(selector.update(result(0.1, [face(1, NEUTRAL, seen=quality(0.6))]))) == [(1, "new_face")]


def test_a_face_that_could_not_be_classified_or_cut_is_passed_over() -> None:
    selector = KeyframeSelector(AT_ONCE)
    unseen = face(1, NEUTRAL)
    nothing = type(unseen)(unseen.track, None)
    outside = face(2, NEUTRAL, box=(500, 500, 520, 520))
    assert selector.update(result(0, [nothing, outside])) == ()


def test_two_people_are_asked_about_in_turn() -> None:
    selector = KeyframeSelector(ALWAYS, questions_per_s=1, burst=1)
    asked = [k.track_id for second in range(8) for k in selector.update(result(second, {1: SAD, 2: HAPPY}))]
    assert asked == [1, 2, 1, 2, 1, 2, 1, 2]


def test_newcomers_do_not_starve_who_stays() -> None:
    selector = KeyframeSelector(ALWAYS, questions_per_s=1, burst=1)
    asked: Counter[int] = Counter()
    for second in range(40):
        people = {1: SAD, **{100 + 3 * second + n: NEUTRAL for n in range(3)}}
        gone = tuple(100 + 3 * (second - 1) + n for n in range(3)) if second else ()
        asked.update(k.track_id for k in selector.update(result(second, people, ended=gone)))
    assert asked.total() == 40
    assert asked[1] >= 10


def test_the_budget_is_waited_for_and_the_waiting_is_told() -> None:
    selector = KeyframeSelector(AT_ONCE, questions_per_s=0.5, burst=1)
    assert told(selector.update(result(0, {1: NEUTRAL, 2: NEUTRAL}))) == [(1, "new_face")]
    assert selector.update(result(1, {1: NEUTRAL, 2: NEUTRAL})) == ()
    (second,) = selector.update(result(2, {1: NEUTRAL, 2: NEUTRAL}))
    assert (second.track_id, second.evidence.waiting_s) == (2, 2.0)


def test_an_ended_track_is_forgotten() -> None:
    selector = KeyframeSelector(AT_ONCE, questions_per_s=100)
    selector.update(result(0, {1: NEUTRAL, 2: NEUTRAL}))
    assert len(selector) == 2
    selector.update(result(1, {2: NEUTRAL}, ended=(1,)))
    assert len(selector) == 1
    # Should the number come again, it is a new face.
    assert told(selector.update(result(2, {1: NEUTRAL, 2: NEUTRAL}))) == [(1, "new_face")]


def test_a_track_whose_end_nobody_told_is_forgotten_too() -> None:
    selector = KeyframeSelector(AT_ONCE)
    selector.update(result(0, {1: NEUTRAL}))
    selector.update(result(FORGET_UNSEEN_S + 1, {2: NEUTRAL}))
    assert len(selector) == 1


def test_a_file_that_begins_again_starts_afresh_within_the_budget() -> None:
    selector = KeyframeSelector(AT_ONCE, questions_per_s=0.1, burst=1)
    assert len(selector.update(result(50, {1: NEUTRAL}))) == 1
    assert selector.update(result(0, {1: NEUTRAL})) == ()
    (again,) = selector.update(result(10, {1: NEUTRAL}))
    assert again.reason is KeyframeReason.NEW_FACE


def test_other_labels_are_another_classifier() -> None:
    selector = KeyframeSelector(AT_ONCE, questions_per_s=100)
    selector.update(result(0, {1: NEUTRAL}))
    seen = face(1, NEUTRAL)
    assert seen.expression is not None
    few = type(seen.expression)(("a", "b"), NEUTRAL[:2], NEUTRAL[:2], "a")
    (keyframe,) = selector.update(result(1, [type(seen)(seen.track, few, seen.quality)]))
    assert (keyframe.reason, keyframe.labels) == (KeyframeReason.NEW_FACE, ("a", "b"))


def test_single_pictures_are_asked_about_at_once() -> None:
    selector = KeyframeSelector(AT_ONCE, questions_per_s=1, burst=5)
    first = selector.update(result(0, {1: NEUTRAL, 2: SAD}), now_s=0)
    second = selector.update(result(0, {3: HAPPY}, ended=(1, 2), frame_id=1), now_s=10)
    assert [k.track_id for k in (*first, *second)] == [1, 2, 3]
    assert second[0].captured_s == 10


Scene = list[tuple[float, dict[int, str]]]
"""Seconds since the last frame, and what each face in view shows."""

scenes: st.SearchStrategy[Scene] = st.lists(
    st.tuples(st.sampled_from([0.03, 0.1, 0.5, 2.0]), st.dictionaries(st.integers(1, 4), st.sampled_from(sorted(STATES)))),
    max_size=60,
)


def play(scene: Scene, rate: float, burst: int) -> list[Keyframe]:
    selector = KeyframeSelector(questions_per_s=rate, burst=burst)
    now, before = 0.0, set[int]()
    found: list[Keyframe] = []
    for gap, people in scene:
        now += gap
        faces: dict[int, FloatArray] = {track_id: STATES[state] for track_id, state in sorted(people.items())}
        found += selector.update(result(now, faces, ended=tuple(before - set(faces))))
        before = set(faces)
        assert len(selector) == len(faces), "only who is in view is remembered"
    return found


@settings(max_examples=40, deadline=None)
@given(scenes, st.floats(0.1, 3), st.integers(1, 3))
def test_never_above_the_budget(scene: Scene, rate: float, burst: int) -> None:
    times = [k.decided_s for k in play(scene, rate, burst)]
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6


@settings(max_examples=25, deadline=None)
@given(scenes)
def test_the_same_input_gives_the_same_keyframes(scene: Scene) -> None:
    first, second = play(scene, 1.0, 2), play(scene, 1.0, 2)
    assert [(k.keyframe_id, k.track_id, k.frame_id, k.reason, k.evidence) for k in first] == [
        (k.keyframe_id, k.track_id, k.frame_id, k.reason, k.evidence) for k in second
    ]
    assert all((a.crop_rgb == b.crop_rgb).all() for a, b in zip(first, second, strict=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.floats(0.5, 4), st.integers(1, 3), st.lists(st.sampled_from(sorted(STATES)), min_size=1))
def test_everyone_in_view_is_asked_about_within_a_bound(people: int, rate: float, burst: int, states: list[str]) -> None:
    """Whoever has a reason is asked at the latest when each of the others has been, once."""
    rules = KeyframeRules()
    selector = KeyframeSelector(rules, questions_per_s=rate, burst=burst)
    frame_s, now = 0.2, 0.0
    last_asked = dict.fromkeys(range(1, people + 1), 0.0)
    bound = rules.refresh_s + people / rate + 2 * frame_s
    while now < 2 * bound:
        now += frame_s
        shown = {track_id: STATES[states[(int(now) + track_id) % len(states)]] for track_id in last_asked}
        for keyframe in selector.update(result(now, shown)):
            last_asked[keyframe.track_id] = now
        assert max(now - asked for asked in last_asked.values()) <= bound
