from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.expllm.metrics import LabelScore, score_labels


def test_words_must_be_exact() -> None:
    assert score_labels(["Fear", "fear", "Anger ", "Sadness"], ["Fear", "Fear", "Anger", "Disgust"]) == LabelScore(4, 1, 0.5)


@pytest.mark.parametrize(("answers", "truth"), [([], []), (["Fear"], []), (["Fear"], ["fear"])])
def test_what_cannot_be_scored_is_refused(answers: list[str], truth: list[str]) -> None:
    with pytest.raises(ShapeError, match="labels:"):
        score_labels(answers, truth)
