from __future__ import annotations

import pytest

from realtime_fer.errors import ModelShapeError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.networks.fmpn.classes import CKPLUS_LABELS, MMI_LABELS, published_labels


def test_labels_go_by_the_number_of_classes_and_are_names_that_messages_know() -> None:
    assert published_labels(7) == CKPLUS_LABELS
    assert published_labels(6) == MMI_LABELS
    assert set(CKPLUS_LABELS) == set(FERPLUS_LABELS) - {"neutral"}
    assert set(MMI_LABELS) == set(CKPLUS_LABELS) - {"contempt"}
    with pytest.raises(ModelShapeError, match="found 8"):
        published_labels(8)
