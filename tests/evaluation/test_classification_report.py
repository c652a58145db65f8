from __future__ import annotations

import json

import numpy as np
import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.affect_metrics import concordance
from realtime_fer.evaluation.classification_report import (
    affect_figures,
    class_table,
    classification_report,
    named,
    rounded,
)

CLASSES = ("anger", "fear", "joy")
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.4, 0.5, 0.1]])
LABELS = np.array([0, 1, 1, 1])


def test_all_figures_of_a_case_worked_by_hand() -> None:
    report = classification_report({"protocol": "p"}, CLASSES, PROBABILITIES, LABELS)
    fields = json.loads(report.as_json())
    assert (fields["protocol"], fields["n"], fields["war"], fields["uar"]) == ("p", 4, 0.75, 0.8333)
    assert fields["ece"] == pytest.approx((0.3 + 0.4 + 0.0) / 4)
    assert fields["per_class"] == {"anger": 1.0, "fear": 0.6667, "joy": None}
    assert fields["precision"] == {"anger": 0.5, "fear": 1.0, "joy": None}
    assert fields["f1"] == {"anger": 0.6667, "fear": 0.8, "joy": None}
    assert fields["f1_mean"] == pytest.approx((2 / 3 + 0.8) / 2, abs=1e-4)
    assert fields["support"] == {"anger": 1, "fear": 3, "joy": 0}
    assert fields["confusion"] == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert fields["intervals"] == {}
    assert "valence" not in fields
    assert "\n" not in report.as_json()


def test_the_text_says_the_same() -> None:
    affect = {"valence": {"n": 4, "ccc": 0.5, "ccc_mixed_moments": 0.4, "rmse": 0.3}}
    report = classification_report({}, CLASSES, PROBABILITIES, LABELS, affect=affect, bootstrap_draws=20)
    assert set(report.intervals) == {"war", "uar", "ece"}
    text = report.as_text()
    assert "WAR  0.7500  (95 % bootstrap interval" in text
    assert "valence  CCC 0.5000  RMSE 0.3000  of 4  (CCC with mixed moments, as Emotion-GCN's: 0.4000)" in text
    assert text.splitlines()[-1].split() == ["joy", "-", "-", "-", "0"]
    assert json.loads(report.as_json())["valence"] == affect["valence"]
    assert "interval" not in classification_report({}, CLASSES, PROBABILITIES, LABELS).as_text()


def test_people_are_drawn_whole() -> None:
    people = np.array(["a", "a", "a", "b"])
    report = classification_report({}, CLASSES, PROBABILITIES, LABELS, bootstrap_draws=50, people=people)
    # Two of three right, one of one, or all of them: nothing else can be drawn.
    assert report.intervals["war"] == pytest.approx((2 / 3, 1))
    alone = classification_report({}, CLASSES, PROBABILITIES, LABELS, bootstrap_draws=50, people=np.array(["a"] * 4))
    assert alone.intervals == {}
    assert "interval" not in alone.as_text()


def test_affect_is_scored_where_it_is_labelled() -> None:
    rng = np.random.default_rng(0)
    known = rng.uniform(-1, 1, (30, 2))
    predicted = (known + rng.normal(0, 0.2, (30, 2))).astype(np.float32)
    known[:10, 1] = np.nan
    figures = affect_figures(predicted, known)
    assert (figures["valence"]["n"], figures["arousal"]["n"]) == (30, 20)
    assert figures["valence"]["ccc"] == concordance(predicted[:, 0], known[:, 0])
    assert figures["arousal"]["ccc"] == concordance(predicted[10:, 1], known[10:, 1])
    assert figures["arousal"]["rmse"] == pytest.approx(np.sqrt(((predicted - known)[10:, 1] ** 2).mean()))
    assert figures["arousal"]["ccc_mixed_moments"] < figures["arousal"]["ccc"]
    known[1:, 0] = np.nan
    assert list(affect_figures(predicted, known)) == ["arousal"]


def test_a_class_table_lines_up() -> None:
    lines = class_table(("a", "longer"), np.array([[1, 1], [0, 1000]]))
    assert [line.split() for line in lines[1:]] == [
        ["a", "1.0000", "0.5000", "0.6667", "2"],
        ["longer", "0.9990", "1.0000", "0.9995", "1000"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_numbers_for_json() -> None:
    assert (rounded(0.123456), rounded(float("nan"))) == (0.1235, None)
    assert named(("a", "b"), np.array([np.nan, 0.5])) == {"a": None, "b": 0.5}


def test_nothing_to_score() -> None:
    with pytest.raises(ShapeError, match="metric"):
        classification_report({}, CLASSES, PROBABILITIES[:0], LABELS[:0])
