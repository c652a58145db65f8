from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.networks.emotion_gcn.preprocessing import network_input  # noqa: E402
from realtime_fer.training.emotion_gcn.batches import (  # noqa: E402
    batch_rows,
    normalised,
    plain_batches,
    training_batches,
)
from tests.training.emotion_gcn.miniature import labelled_set, tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch


def test_every_face_once_an_epoch_in_a_new_order() -> None:
    rows = np.arange(100, 130)
    epochs = [np.concatenate(batch_rows(rows, tiny_recipe(), epoch)).tolist() for epoch in (0, 1, 0)]
    assert sorted(epochs[0]) == rows.tolist()
    assert epochs[0] == epochs[2] != epochs[1]
    assert [len(batch) for batch in batch_rows(rows, tiny_recipe(), 0)] == [14, 14, 2]


def test_a_last_batch_too_small_to_be_shared_is_left_out() -> None:
    rows = np.arange(15)
    assert [len(batch) for batch in batch_rows(rows, tiny_recipe(), 0)] == [14]
    assert [len(batch) for batch in batch_rows(np.arange(17), tiny_recipe(), 0, processes=2)] == [14]
    assert [len(batch) for batch in batch_rows(np.arange(18), tiny_recipe(), 0, processes=2)] == [14, 4]


def test_plain_batches_are_what_the_network_is_shown_in_use() -> None:
    faces = labelled_set()
    rows = np.array([3, 9, 50])
    (batch,) = plain_batches(faces, rows, tiny_recipe(), 0)
    expected = np.stack([network_input(faces.read(int(row)), 16) for row in rows])
    np.testing.assert_array_equal(normalised(batch["images"]).numpy(), expected)
    assert batch["labels"].tolist() == [faces.faces[row].label for row in rows]
    affect = faces.affect()
    assert affect is not None
    np.testing.assert_array_equal(batch["affect"].numpy(), affect[rows])
    (bare,) = plain_batches(labelled_set(affect=False), rows, tiny_recipe(model="single_task"), 0)
    assert bare["affect"].tolist() == [[0, 0]] * 3


def test_a_face_looks_alike_whoever_prepares_it_and_otherwise_next_epoch() -> None:
    faces, recipe = labelled_set(), tiny_recipe()
    (whole,) = training_batches(faces, [np.arange(6)], recipe, 1, 0)
    first, second = training_batches(faces, [np.arange(0, 6, 2), np.arange(1, 6, 2)], recipe, 1, 1)
    assert torch.equal(whole["images"][::2], first["images"])
    assert torch.equal(whole["images"][1::2], second["images"])
    (later,) = training_batches(faces, [np.arange(6)], recipe, 2, 0)
    assert not torch.equal(whole["images"], later["images"])
    assert torch.equal(whole["labels"], later["labels"])
