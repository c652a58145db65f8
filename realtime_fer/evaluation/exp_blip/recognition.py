"""How well action units and emotions can be read from captions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.exp_blip.action_phrases import ACTION_PHRASES


@dataclass(frozen=True, slots=True)
class ActionUnitFigures:
    """Of the units that are on at least one picture, or named for one.

    Attributes:
        n: pictures.
        f1_mean: over the units that are on a picture, as the paper's "F1 avg".
        per_unit: precision, recall and F1 in [0, 1], and on how many pictures it is.
    """

    n: int
    f1_mean: float
    per_unit: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class EmotionFigures:
    """Of the first emotion that a caption names.

    Attributes:
        n: pictures.
        accuracy: what names none is wrong.
        unnamed: captions without an emotion.
        uar: mean recall over the classes that have a picture.
    """

    n: int
    accuracy: float
    unnamed: int
    uar: float


def action_unit_figures(named: Sequence[Collection[str]], truth: Sequence[Collection[str]]) -> ActionUnitFigures:
    """Compare what captions name with what is on the pictures.

    Raises:
        ShapeError: lengths that differ, none, or no unit on any picture.
        MissingExtraError: scikit-learn is not installed.
    """
    _require_pairs(len(named), len(truth))
    try:
        from sklearn.metrics import precision_recall_fscore_support
    except ImportError as error:
        raise missing_extra("scoring action units", "train", error) from error
    units = [unit for unit in ACTION_PHRASES if any(unit in each for each in (*named, *truth))]
    if not any(truth):
        raise ShapeError("action units: expected at least one on a picture, found none")
    expected, found = (np.array([[unit in each for unit in units] for each in sets]) for sets in (truth, named))
    precision, recall, f1, support = precision_recall_fscore_support(expected, found, average=None, zero_division=0.0)
    return ActionUnitFigures(
        n=len(truth),
        f1_mean=float(np.asarray(f1)[np.asarray(support) > 0].mean()),
        per_unit={
            unit: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for unit, p, r, f, s in zip(units, precision, recall, f1, support, strict=True)
        },
    )


def emotion_figures(named: Sequence[Sequence[str]], truth: Sequence[str]) -> EmotionFigures:
    """Compare the first emotion each caption names with the picture's.

    Raises:
        ShapeError: lengths that differ, or none.
    """
    _require_pairs(len(named), len(truth))
    first = [emotions[0] if emotions else "" for emotions in named]
    right = np.array([one == other for one, other in zip(first, truth, strict=True)])
    labels = np.array(truth)
    return EmotionFigures(
        n=len(truth),
        accuracy=float(right.mean()),
        unnamed=first.count(""),
        uar=float(np.mean([right[labels == label].mean() for label in sorted(set(truth))])),
    )


def _require_pairs(named: int, truth: int) -> None:
    if named != truth or not truth:
        raise ShapeError(f"recognition: expected as many captions as pictures and at least one, found {named} and {truth}")
