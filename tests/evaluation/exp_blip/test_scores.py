"""Against worked examples and identities; the package is the COCO evaluation's own."""

from __future__ import annotations

import math
import shutil

import pytest

pytest.importorskip("pycocoevalcap")

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.exp_blip.scores import score_captions, words_of

REFERENCES = [["The lips curl up at the corners.", "A broad smile is seen."], ["The brows are lowered and drawn together."]]


@pytest.fixture(autouse=True)
def without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)


def test_words_are_lower_case_without_punctuation() -> None:
    assert words_of('The brows, "well-formed", aren\'t LOWERED (much)!') == "the brows well-formed aren't lowered much"


def test_a_reference_itself_is_perfect() -> None:
    scores = score_captions([references[0].upper() for references in REFERENCES], REFERENCES)
    assert scores.n == 2
    assert scores.bleu == pytest.approx((1, 1, 1, 1))
    assert scores.rouge_l == pytest.approx(1)
    assert scores.cider == pytest.approx(7.5), "10 for the one reference, half for one of two"
    assert scores.meteor is None


def test_bleu_and_rouge_by_hand() -> None:
    # Five of six words, three of five pairs, and the caption is as long as its reference.
    scores = score_captions(["the lips curl down at the"], [["the lips curl up at the"]])
    assert scores.bleu[0] == pytest.approx(5 / 6)
    assert scores.bleu[1] == pytest.approx(math.sqrt(5 / 6 * 3 / 5))
    assert scores.rouge_l == pytest.approx(5 / 6), "longest common subsequence of five, precision and recall alike"


def test_another_face_scores_less() -> None:
    right = score_captions(["a broad smile", "brows are lowered"], REFERENCES)
    wrong = score_captions(["brows are lowered", "a broad smile"], REFERENCES)
    assert right.cider > wrong.cider
    assert right.rouge_l > wrong.rouge_l


def test_what_cannot_be_scored_is_refused() -> None:
    for captions, references in (([], []), (["a"], [["a"], ["b"]])):
        with pytest.raises(ShapeError, match="expected as many"):
            score_captions(captions, references)
    with pytest.raises(ShapeError, match="picture 1 has no reference"):
        score_captions(["a", "b"], [["a"], ["..."]])


@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR needs Java")
@pytest.mark.slow
def test_meteor_knows_stems_and_synonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    scores = score_captions(["the lips curled upwards", "brows are lowered and drawn together"], REFERENCES)
    assert scores.meteor is not None
    assert 0 < scores.meteor < 1
    first, second = scores.meteor_each
    assert first > 0.2, "curled is curl"
    assert second > first
