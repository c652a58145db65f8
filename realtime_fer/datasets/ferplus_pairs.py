"""The second emotion that the crowd saw in a FER+ face, besides the first.

Votes of a single tagger are dropped first, as in the majority protocol; the columns "unknown" and "not a face" do not count.
Where no emotion but the first has a vote left, the second one is "none".
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import EMOTIONS, NOT_COUNTED, majority_labels, without_outliers
from realtime_fer.errors import ShapeError

NO_SECOND: Final = EMOTIONS
"""Column after the eight emotions: nobody, or one tagger alone, saw another one."""


def second_distributions(votes: npt.NDArray[np.uint8], primary: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    """What remains of the votes once one emotion is named, as a distribution.

    Args:
        votes: uint8 (N, 10).
        primary: the emotion named for each face, (N,) in 0..7; not always the one with most votes.

    Returns:
        float32 (N, 9), rows summing to 1; the last column is `NO_SECOND`.

    Raises:
        ShapeError: shapes do not fit, or an emotion is out of range.
    """
    rest = _rest(votes, primary)
    nothing = (rest.sum(axis=1) == 0)[:, None]
    shares = np.concatenate([rest, nothing], axis=1).astype(np.float32)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def secondary_labels(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The second emotion of each face, int64 (N,): 0..7, `NO_SECOND`, or `NOT_COUNTED`.

    Not counted are faces that the majority protocol does not count, and those on which two emotions share the second place.

    Raises:
        ShapeError: `votes` has not ten columns.
    """
    primary = majority_labels(votes)
    rest = _rest(votes, np.maximum(primary, 0))
    most = rest.max(axis=1, initial=0)
    shared = (most > 0) & ((rest == most[:, None]).sum(axis=1) > 1)
    second = np.where(most == 0, NO_SECOND, rest.argmax(axis=1))
    return np.where((primary == NOT_COUNTED) | shared, NOT_COUNTED, second)


def _rest(votes: npt.NDArray[np.uint8], primary: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    rest = without_outliers(votes)[:, :EMOTIONS]
    if primary.shape != (len(rest),) or (len(rest) and not 0 <= primary.min() <= primary.max() < EMOTIONS):
        raise ShapeError(
            f"primary: expected one emotion 0..{EMOTIONS - 1} for each of {len(rest)} faces, found {primary.shape}"
        )
    rest[np.arange(len(rest)), primary] = 0
    return rest
