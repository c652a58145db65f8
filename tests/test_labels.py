from __future__ import annotations

from realtime_fer.labels import EXPRESSION_LABELS, FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS, ROS4HRI_NAMES


def test_order_is_that_of_the_ferplus_vote_columns() -> None:
    assert FERPLUS_LABELS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert FERPLUS_VOTE_COLUMNS[:8] == FERPLUS_LABELS
    assert len(FERPLUS_VOTE_COLUMNS) == 10


def test_every_label_has_a_name_in_robot_terms() -> None:
    assert set(ROS4HRI_NAMES) == set(EXPRESSION_LABELS)
