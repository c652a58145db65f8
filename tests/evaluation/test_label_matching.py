from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.errors import DatasetError, ShapeError
from realtime_fer.evaluation.label_matching import SYNONYMS, canonical_label, match_labels
from realtime_fer.labels import AFFECTNET_LABELS, FERPLUS_LABELS, ROS4HRI_NAMES

CKPLUS = ("Angry", "Contempt", "Disgust", "Fearful", "Happy", "Sad", "Surprised")


def test_every_name_has_one_meaning() -> None:
    words = [word for name, others in SYNONYMS.items() for word in (name, *others)]
    assert len(words) == len(set(words))
    assert set(SYNONYMS) == set(FERPLUS_LABELS)
    assert {ours: canonical_label(theirs) for ours, theirs in ROS4HRI_NAMES.items() if theirs} == {n: n for n in FERPLUS_LABELS}


def test_case_and_spaces_do_not_matter_and_strangers_stay() -> None:
    assert canonical_label(" Joy ") == "happiness"
    assert canonical_label("Boredom") == "boredom"


def test_the_order_of_either_side_is_its_own() -> None:
    match = match_labels(("sad", "HAPPY", "fearful"), ("happiness", "fear", "sadness"))
    assert match.classes == ("happiness", "fear", "sadness")
    assert match.model_columns == (1, 2, 0)
    assert match.counted(np.array([2, 0, 1])).tolist() == [0, 1, 2]
    assert match.targets(np.array([2, 0, 1])).tolist() == [2, 0, 1]
    probabilities = np.array([[0.2, 0.5, 0.3]], np.float32)
    assert match.probabilities(probabilities)[0] == pytest.approx([0.5, 0.3, 0.2])
    assert (match.only_model, match.only_dataset) == ((), ())


def test_a_class_too_many_on_either_side_is_named() -> None:
    with pytest.raises(DatasetError) as refused:
        match_labels(AFFECTNET_LABELS, CKPLUS, model_name="gcn", dataset_name="ckplus")
    message = str(refused.value)
    assert message.startswith("gcn and ckplus: expected the same classes")
    assert "only in the model: neutral; only in the data: Contempt; --common-classes compares on the 6 others" in message
    with pytest.raises(DatasetError, match="only in the model: none; only in the data: contempt"):
        match_labels(AFFECTNET_LABELS, FERPLUS_LABELS)


def test_on_the_common_classes() -> None:
    match = match_labels(AFFECTNET_LABELS, CKPLUS, common_only=True)
    assert match.classes == ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
    assert (match.only_model, match.only_dataset) == (("neutral",), ("Contempt",))
    labels = np.array([1, 0, 6, 1, 4])
    rows = match.counted(labels)
    assert rows.tolist() == [1, 2, 4]
    assert match.targets(labels[rows]).tolist() == [0, 5, 3]
    # Neutral is not on offer: what it had is shared out in proportion.
    probabilities = match.probabilities(np.array([[0.6, 0.3, 0, 0, 0, 0, 0.1], [1, 0, 0, 0, 0, 0, 0]], np.float32))
    assert probabilities[0] == pytest.approx([0.25, 0, 0, 0.75, 0, 0])
    assert probabilities[1].tolist() == [0] * 6


def test_one_common_class_is_none() -> None:
    with pytest.raises(DatasetError, match="at least two classes in common, found anger"):
        match_labels(("angry", "bored"), ("anger", "calm"), common_only=True)


def test_two_names_for_one_class() -> None:
    with pytest.raises(ShapeError, match="labels of m: 'joy' and 'happy' are the same class"):
        match_labels(("happy", "joy", "fear"), ("happiness", "fear"), model_name="m")
