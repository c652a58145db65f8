from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.training.chain_of_affect_tiny.lessons import (
    COLUMNS,
    EpochLessons,
    draw_each,
    first_answers,
    second_answers,
)

pytestmark = pytest.mark.torch

NUMBER = {label: number for number, label in enumerate(CROWD_LABELS.every)}


def votes(**given: int) -> np.ndarray:
    row = np.zeros((1, 10), np.uint8)
    for label, count in given.items():
        row[0, [*COLUMNS, 8][[*map(str.lower, CROWD_LABELS.first), "unknown"].index(label)]] = count
    return row


def shares(row: np.ndarray) -> dict[str, float]:
    return {CROWD_LABELS.every[number]: round(float(row[0, number]), 3) for number in np.flatnonzero(row[0])}


def test_answers_of_the_crowd_by_label() -> None:
    seen = votes(sadness=6, neutral=3, fear=1, unknown=3)
    first, weights = first_answers(seen)
    assert shares(first) == {"Sadness": 0.667, "Neutral": 0.333}
    assert weights[0] == pytest.approx(9 / 12)
    assert shares(second_answers(seen, np.array([NUMBER["Sadness"]]))) == {"Neutral": 1.0}
    assert shares(second_answers(seen, np.array([NUMBER["Anger"]]))) == {"Sadness": 0.667, "Neutral": 0.333}
    assert shares(second_answers(votes(happiness=9, fear=1), np.array([NUMBER["Happiness"]]))) == {"none": 1.0}


def crowd(count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    drawn = np.zeros((count, 10), np.uint8)
    drawn[:, :8] = rng.multinomial(10, [0.3, 0.3, 0.1, 0.1, 0.1, 0.04, 0.03, 0.03], count)
    return drawn


def test_an_epoch_is_the_same_for_the_same_seed_and_no_other() -> None:
    once, again, other = (list(EpochLessons(crowd(), 32, 5, epoch)) for epoch in (1, 1, 2))
    assert len(once) == len(EpochLessons(crowd(), 32, 5, 1)) >= 12
    for one, same in zip(once, again, strict=True):
        for name in ("rows", "told", "first_shares", "second_shares", "first_said", "second_said"):
            assert np.array_equal(getattr(one, name), getattr(same, name))
        assert (one.first_wording, one.second_wording) == (same.first_wording, same.second_wording)
    assert not np.array_equal(once[0].rows, other[0].rows)


def test_lessons_are_consistent_and_of_every_wording() -> None:
    seen = crowd()
    lessons = [lesson for epoch in range(4) for lesson in EpochLessons(seen, 32, 0, epoch)]
    assert {lesson.first_wording for lesson in lessons} == {lesson.second_wording for lesson in lessons} == {0, 1, 2, 3}
    assert 0.3 < np.mean([lesson.second_wording == 0 for lesson in lessons]) < 0.7
    told, first = (np.concatenate([getattr(lesson, name) for lesson in lessons]) for name in ("told", "first_shares"))
    assert 0.7 < np.mean(told == first.argmax(axis=1)) < 0.9
    assert (first[np.arange(len(told)), told] == 0).mean() > 0.02
    for lesson in lessons:
        assert np.array_equal(lesson.second_shares, second_answers(seen[lesson.rows], lesson.told))
        each = np.arange(len(lesson.rows))
        assert (lesson.first_shares[each, lesson.first_said] > 0).all()
        assert (lesson.second_shares[each, lesson.second_said] > 0).all()
        assert (lesson.second_said != lesson.told).all()


def test_drawing_follows_the_shares() -> None:
    drawn = draw_each(np.tile([[0.0, 0.25, 0.75, 0.0]], (4000, 1)), np.random.default_rng(0))
    assert np.bincount(drawn, minlength=4)[[0, 3]].tolist() == [0, 0]
    assert np.mean(drawn == 2) == pytest.approx(0.75, abs=0.03)
