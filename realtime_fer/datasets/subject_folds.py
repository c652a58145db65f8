"""Splits for cross-validation in which nobody is trained and tested on.

Fold k tests the people of one part and trains on all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError

PUBLISHED_FOLDS: Final = 10

Rows = npt.NDArray[np.int64]


def published_runs(subjects: Sequence[str], folds: int = PUBLISHED_FOLDS) -> list[tuple[str, ...]]:
    """The people that each fold tests, as FMPN splits CK+ and MMI: runs of their sorted names, the last names in fold 0.

    Of n people in rising order, run i ends before number round((i + 1) n / folds); a half goes to the even neighbour. So of
    CK+'s 118 labelled people fold 0 tests S156 to S999 and fold 9 S005 to S037; of MMI's 31, S050 to S054 and S001 to S003.

    Args:
        subjects: one of each sample, or each once.

    Raises:
        DatasetError: there are fewer people than folds.
    """
    people = _people(subjects, folds)
    ends = [round(run * len(people) / folds) for run in range(folds + 1)]
    return [tuple(people[ends[run] : ends[run + 1]]) for run in reversed(range(folds))]


def fold_rows(subjects: Sequence[str], runs: Sequence[Sequence[str]], fold: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows to test on, int64, rising.

    Raises:
        DatasetError: the fold does not exist, somebody is in two runs, or in none.
    """
    if not 0 <= fold < len(runs):
        raise DatasetError(f"fold {fold}: expected one of 0 to {len(runs) - 1}")
    counted = Counter(name for run in runs for name in set(run))
    twice = sorted(name for name, count in counted.items() if count > 1)
    absent = sorted(set(subjects) - counted.keys())
    if twice or absent:
        wrong = f"{twice[0]} in two of them" if twice else f"{absent[0]} in none"
        raise DatasetError(f"folds: expected each person to be tested in one fold, found {wrong}")
    tested = np.isin(np.array(subjects, dtype=object).astype(str), list(runs[fold]))
    return np.flatnonzero(~tested), np.flatnonzero(tested)


def _people(subjects: Sequence[str], folds: int) -> list[str]:
    people = sorted(set(subjects))
    if folds < 2 or len(people) < folds:
        raise DatasetError(f"folds: expected at least 2 and no more than there are people ({len(people)}), found {folds}")
    return people
