"""The classes of the data sets that FMPN was published on, in the order of its labels."""

from __future__ import annotations

from typing import Final

from realtime_fer.errors import ModelShapeError

CKPLUS_LABELS: Final = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""CK+, and AffectNet as FMPN uses it. A neutral face belongs to none of them."""

MMI_LABELS: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")


def published_labels(classes: int) -> tuple[str, ...]:
    """The labels of published weights with so many outputs.

    Raises:
        ModelShapeError: no published data set has this number of classes.
    """
    for labels in (CKPLUS_LABELS, MMI_LABELS):
        if len(labels) == classes:
            return labels
    raise ModelShapeError(
        f"FMPN weights: expected 7 classes (CK+, AffectNet) or 6 (MMI), found {classes}; say which they are, in their order"
    )
