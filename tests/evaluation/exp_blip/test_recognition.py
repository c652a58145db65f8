from __future__ import annotations

import pytest

pytest.importorskip("torch")

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.exp_blip.recognition import action_unit_figures, emotion_figures


def test_action_units_are_scored_one_by_one() -> None:
    named = [("AU6", "AU12"), ("AU12",), ("AU4",), ()]
    truth = [{"AU6", "AU12"}, {"AU6"}, set[str](), {"AU12"}]
    figures = action_unit_figures(named, truth)
    assert figures.n == 4
    assert figures.per_unit["AU6"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}
    assert figures.per_unit["AU12"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert figures.per_unit["AU4"]["support"] == 0
    assert figures.f1_mean == pytest.approx((2 / 3 + 0.5) / 2), "a unit that is on no picture has no recall to score"


def test_the_first_emotion_counts() -> None:
    figures = emotion_figures([("fear", "anger"), ("anger", "fear"), (), ("anger",)], ["fear", "fear", "fear", "anger"])
    assert (figures.n, figures.accuracy, figures.unnamed) == (4, 0.5, 1)
    assert figures.uar == pytest.approx((1 / 3 + 1) / 2)


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ShapeError, match="expected as many captions"):
        emotion_figures([()], [])
    with pytest.raises(ShapeError, match="expected at least one on a picture"):
        action_unit_figures([("AU6",)], [()])
