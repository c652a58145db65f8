from __future__ import annotations

from realtime_fer.labels import (
    AFFECTNET_LABELS,
    AFFWILD2_LABELS,
    CKPLUS_LABELS,
    EXPRESSION_LABELS,
    FERPLUS_LABELS,
    FERPLUS_VOTE_COLUMNS,
    JAFFE_LABELS,
    MMI_LABELS,
    ROS4HRI_NAMES,
)


def test_order_is_that_of_the_ferplus_vote_columns() -> None:
    assert FERPLUS_LABELS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert FERPLUS_VOTE_COLUMNS[:8] == FERPLUS_LABELS
    assert len(FERPLUS_VOTE_COLUMNS) == 10


def test_every_label_has_a_name_in_robot_terms() -> None:
    assert set(ROS4HRI_NAMES) == set(EXPRESSION_LABELS)


def test_the_seven_classes_in_the_order_of_their_data_sets() -> None:
    assert AFFECTNET_LABELS == ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
    assert AFFWILD2_LABELS == ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
    assert set(AFFECTNET_LABELS) == set(AFFWILD2_LABELS) == set(FERPLUS_LABELS) - {"contempt"}


def test_the_emotions_of_the_smaller_sets() -> None:
    assert CKPLUS_LABELS == ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
    assert tuple(label for label in CKPLUS_LABELS if label != "contempt") == MMI_LABELS
    assert tuple(sorted((*MMI_LABELS, "neutral"))) == JAFFE_LABELS
