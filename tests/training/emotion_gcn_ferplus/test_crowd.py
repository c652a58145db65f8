from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.labels import FERPLUS_VOTE_COLUMNS  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.crowd import (  # noqa: E402
    class_shares,
    crowd_loss,
    epoch_rows,
    faces_fingerprint,
    training_faces,
)
from tests.chain_tiny import write_faces  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_loss_of_the_crowds_own_answer_is_its_entropy() -> None:
    crowd = torch.tensor([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    weights = torch.tensor([1.0, 0.0])
    entropy = -(0.5 * math.log(0.5) + 0.5 * math.log(0.25))
    assert crowd_loss(torch.log(crowd.clamp_min(1e-9)), crowd, weights).item() == pytest.approx(entropy, abs=1e-5)
    # One-hot targets give plain cross-entropy.
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    hot = torch.eye(3)[[0, 1, 2, 1]]
    plain = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 1]))
    assert crowd_loss(logits, hot, torch.ones(4)).item() == pytest.approx(plain.item(), abs=1e-6)


def test_rare_faces_are_shown_again_and_faceless_ones_never() -> None:
    votes = np.zeros((4, 10), np.uint8)
    for row, name in enumerate(("disgust", "happiness", "fear", "not_a_face")):
        votes[row, FERPLUS_VOTE_COLUMNS.index(name)] = 9
    assert epoch_rows(votes).tolist() == [0, 0, 0, 1, 2, 2]


def test_class_shares_count_repeats_and_weights() -> None:
    votes = np.zeros((3, 10), np.uint8)
    votes[0, FERPLUS_VOTE_COLUMNS.index("disgust")] = 9
    votes[1:, FERPLUS_VOTE_COLUMNS.index("happiness")] = 4
    votes[1:, FERPLUS_VOTE_COLUMNS.index("unknown")] = 4
    # Disgust is shown three times; two faces of half weight make one of happiness; the rest is counted as 1 each.
    assert class_shares(votes).tolist() == pytest.approx(np.array([1, 1, 1, 1, 1, 3, 1, 1]) / 10)


def test_the_same_faces_are_held_out_of_every_run(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", 60)
    (learned, held_out), (again, _) = training_faces(data, None), training_faces(data, None)
    assert (len(learned), len(held_out)) == (57, 3)
    assert np.array_equal(learned.images, again.images)
    assert [len(part) for part in training_faces(data, 40)] == [38, 2]


@pytest.mark.parametrize("limit", [0, 1])
def test_faces_that_are_too_few_to_learn_from_are_said(tmp_path: Path, limit: int) -> None:
    data = write_faces(tmp_path / "faces.npz", 20)
    with pytest.raises(DatasetError, match=r"faces\.npz: expected faces that a crowd sees an emotion in, found none among 0"):
        training_faces(data, limit)


def test_the_fingerprint_sees_faces_and_votes(tmp_path: Path) -> None:
    faces, _ = training_faces(write_faces(tmp_path / "faces.npz", 20), None)
    first = faces_fingerprint(faces)
    faces.images[0, 0, 0] += 1
    second = faces_fingerprint(faces)
    faces.votes[0, 0] += 1
    assert len({first, second, faces_fingerprint(faces), faces_fingerprint(faces, faces)}) == 4
