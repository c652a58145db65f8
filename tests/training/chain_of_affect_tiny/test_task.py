from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from realtime_fer.datasets.ferplus import NOT_COUNTED
from realtime_fer.datasets.ferplus_pairs import NO_SECOND
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.training.chain_of_affect_tiny.questions import LABELS
from realtime_fer.training.chain_of_affect_tiny.task import in_label_order

pytestmark = pytest.mark.torch


def test_vote_columns_become_labels() -> None:
    columns = np.array([*range(8), NO_SECOND, NOT_COUNTED])
    found = in_label_order(columns)
    assert [LABELS.every[number].lower() for number in found[:-1]] == [*FERPLUS_LABELS, "none"]
    assert found[-1] == NOT_COUNTED
