from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import scoring as module  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.scoring import accuracy_and_recall, network_of, score, teachers_say  # noqa: E402

pytestmark = pytest.mark.torch


def checkpoint_of(network: CompactEmotionGcn, path: Path, backbone: str | None) -> Path:
    recipe = {} if backbone is None else {"backbone": backbone}
    cooccurrence = torch.eye(8, dtype=torch.float64)
    weights = {"model": {"never": "asked"}, "average": network.state_dict()}
    torch.save({"recipe": recipe, "cooccurrence": cooccurrence, **weights}, path)
    return path


@pytest.mark.parametrize("backbone", ["small", "medium", "large", None])
def test_the_network_of_a_checkpoint_answers_as_the_one_saved(tmp_path: Path, backbone: str | None) -> None:
    # Checkpoints of the time before there was a choice say nothing of it.
    network = CompactEmotionGcn(np.eye(8), backbone=BACKBONES[backbone or "small"]).eval()
    path = checkpoint_of(network, tmp_path / "last.pt", backbone)
    again = network_of(torch.load(path, weights_only=True))
    assert not again.training
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    np.testing.assert_array_equal(score(again, faces, "cpu"), score(network, faces, "cpu"))


def test_scoring_takes_faces_in_order_and_without_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCORING_BATCH", 2)
    network = CompactEmotionGcn(np.eye(8), dropout=0.9).train()
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    logits = score(network, faces, "cpu")
    assert logits.shape == (5, 8)
    assert logits.dtype == np.float32
    for row, face in zip(logits, faces, strict=True):
        np.testing.assert_allclose(score(network, face[None], "cpu")[0], row, atol=1e-4)


def test_teachers_say_their_mean_over_the_face_and_its_mirror_image(tmp_path: Path) -> None:
    networks = [CompactEmotionGcn(np.eye(8), backbone=BACKBONES[name]).eval() for name in ("small", "medium")]
    paths = [
        checkpoint_of(network, tmp_path / f"{name}.pt", name)
        for network, name in zip(networks, ("small", "medium"), strict=True)
    ]
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    mirrored = np.ascontiguousarray(faces[:, :, ::-1])
    each = [torch.tensor(score(n, view, "cpu")).softmax(dim=1).numpy() for n in networks for view in (faces, mirrored)]
    lines: list[str] = []
    said = teachers_say(paths, faces, "cpu", lines.append)
    assert said.dtype == np.float32
    # They are asked in bfloat16, whose steps are 1/256 of a value.
    np.testing.assert_allclose(said, np.mean(each, axis=0), atol=0.02)
    np.testing.assert_allclose(teachers_say(paths, mirrored, "cpu", lines.append), said, atol=0.02)
    assert [str(path) in line for path, line in zip(paths, lines, strict=False)] == [True, True]


def test_teachers_that_are_none_are_named(tmp_path: Path) -> None:
    faces = np.zeros((1, 48, 48), np.uint8)
    with pytest.raises(DatasetError, match=r"absent\.pt: expected the checkpoint"):
        teachers_say([tmp_path / "absent.pt"], faces, "cpu", print)
    torch.save({"recipe": {"image_size": 320}, "average": {}}, tmp_path / "detector.pt")
    with pytest.raises(DatasetError, match=r"detector\.pt: .* found one of another"):
        teachers_say([tmp_path / "detector.pt"], faces, "cpu", print)


def test_accuracy_and_recall_of_the_faces_that_count() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 0, 1, 2, 2]]
    # The first class is right in one of two, the second in one of one; nobody shows the third.
    assert accuracy_and_recall(logits, np.array([0, 0, 1, 0, -1])) == pytest.approx((3 / 4, (2 / 3 + 1) / 2))
    assert all(math.isnan(figure) for figure in accuracy_and_recall(logits, np.full(5, -1)))
