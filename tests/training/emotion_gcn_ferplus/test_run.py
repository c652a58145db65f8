from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError, ShapeError  # noqa: E402
from realtime_fer.labels import FERPLUS_VOTE_COLUMNS  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import run as module  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.run import (  # noqa: E402
    class_shares,
    crowd_loss,
    draw_curves,
    epoch_rows,
    network_of,
    score,
    teachers_say,
    train_expression,
)

pytestmark = pytest.mark.torch


def write_faces(path: Path, count: int = 64) -> Path:
    """Left half light: happiness; right half light: anger."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    votes = np.zeros((count, 10), np.uint8)
    images[::2, :, :24] += 150
    images[1::2, :, 24:] += 150
    votes[::2, 1] = 9
    votes[1::2, 4] = 9
    np.savez(path, images=images, votes=votes)
    return path


def train(data: Path, out: Path, **settings: object) -> dict[str, object]:
    defaults: dict[str, object] = {"epochs": 2, "batch": 16, "threads": 1, "seed": 1}
    checkpoint = train_expression(data=data, out=out, **{**defaults, **settings})  # type: ignore[arg-type]
    loaded: dict[str, object] = torch.load(checkpoint, weights_only=True)
    return loaded


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz")
    whole = train(data, tmp_path / "whole")
    train(data, tmp_path / "parts", stop_after=1)
    lines: list[str] = []
    # Another rate is asked for, but a resumed run keeps its recipe.
    parts = train(data, tmp_path / "parts", resume=True, peak_learning_rate=1.0, progress=lines.append)
    assert parts["recipe"] == whole["recipe"]
    assert parts["epoch"] == 2
    for name, value in whole["average"].items():  # type: ignore[attr-defined]
        assert torch.equal(value, parts["average"][name]), name  # type: ignore[index]
    history = json.loads((tmp_path / "parts" / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2]
    assert any("held_out_war" in line for line in lines)
    assert whole["held_out_logits"].shape == (3, 8)  # type: ignore[attr-defined]


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"last\.pt"):
        train(write_faces(tmp_path / "faces.npz"), tmp_path / "new", resume=True)


def test_a_limit_takes_the_first_faces(tmp_path: Path) -> None:
    saved = train(write_faces(tmp_path / "faces.npz"), tmp_path / "out", epochs=1, limit=40)
    assert saved["held_out_labels"].shape == (2,)  # type: ignore[attr-defined]


def test_the_recipe_says_how_large_and_by_whom_it_was_taught(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", 20)
    teacher = tmp_path / "teacher" / "last.pt"
    alone = train(data, tmp_path / "teacher", epochs=1, teacher_share=0.7)["recipe"]
    assert (alone["backbone"], alone["teachers"], alone["teacher_share"]) == ("small", (), 0.0)  # type: ignore[index]
    checkpoint = train(
        data, tmp_path / "taught", epochs=1, teachers=[teacher], teacher_share=0.7, backbone="medium", camera_share=0.25
    )
    taught = checkpoint["recipe"]
    assert len(network_of(checkpoint).blocks) == len(BACKBONES["medium"].stages)
    assert (taught["teachers"], taught["teacher_share"]) == ((str(teacher),), 0.7)  # type: ignore[index]
    assert (taught["backbone"], taught["camera_share"]) == ("medium", 0.25)  # type: ignore[index]


def test_a_taught_run_can_be_interrupted_too(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", 40)
    train(data, tmp_path / "teacher", epochs=1)
    settings: dict[str, object] = {"teachers": [tmp_path / "teacher" / "last.pt"]}
    whole = train(data, tmp_path / "whole", **settings)
    train(data, tmp_path / "parts", stop_after=1, **settings)
    # The checkpoint knows its teachers; asking them must not move torch's own generator.
    parts = train(data, tmp_path / "parts", resume=True)
    for name, value in whole["average"].items():  # type: ignore[attr-defined]
        assert torch.equal(value, parts["average"][name]), name  # type: ignore[index]


@pytest.mark.parametrize(("share", "expected"), [(1.0, 0.25), (0.5, 0.5 * 0.25), (0.0, 0.0)])
def test_teachers_become_their_share_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, expected: float
) -> None:
    seen: list[np.ndarray] = []

    def say(_teachers: object, images: np.ndarray, *_others: object) -> np.ndarray:
        answer = np.zeros((len(images), 8), np.float32)
        answer[:, 6:] = (0.75, 0.25)
        return answer

    def remember(logits: Any, distributions: Any, weights: Any) -> Any:
        seen.append(np.asarray(distributions))
        return crowd_loss(logits, distributions, weights)

    monkeypatch.setattr(module, "teachers_say", say)
    monkeypatch.setattr(module, "crowd_loss", remember)
    train(write_faces(tmp_path / "faces.npz", 20), tmp_path / "out", epochs=1, teachers=[Path("t")], teacher_share=share)
    learned_from, held_out = seen[0], seen[-1]
    assert learned_from[:, 7] == pytest.approx(expected)
    assert learned_from.sum(axis=1) == pytest.approx(1)
    assert (held_out[:, 7] == 0).all(), "held-out figures are about the crowd alone"


def test_a_run_can_start_from_an_earlier_ones_average(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz")
    earlier = train(data, tmp_path / "earlier", epochs=1)
    path = tmp_path / "earlier" / "last.pt"
    # Without a step of any size, the end is the beginning.
    still = train(data, tmp_path / "still", epochs=1, start_from=path, peak_learning_rate=0.0)
    for name, value in earlier["average"].items():  # type: ignore[attr-defined]
        if "running" not in name and "tracked" not in name:
            torch.testing.assert_close(still["average"][name], value)  # type: ignore[index]
    assert still["recipe"]["start_from"] == str(path)  # type: ignore[index]


def test_a_linear_head_is_trained_and_read_back(tmp_path: Path) -> None:
    saved = train(write_faces(tmp_path / "faces.npz", 20), tmp_path / "out", epochs=1, head="linear")
    assert saved["recipe"]["head"] == "linear"  # type: ignore[index]
    assert "graph.weight" in network_of(saved).state_dict()


def test_the_majority_alone_can_be_taught(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", 20)
    with np.load(data) as archive:
        votes = archive["votes"].copy()
        votes[:, 2] = 4
        np.savez(data, images=archive["images"], votes=votes)
    divided = train(data, tmp_path / "divided", epochs=1)
    alone = train(data, tmp_path / "alone", epochs=1, targets="majority")
    assert alone["recipe"]["targets"] == "majority"  # type: ignore[index]
    assert alone["history"][0]["loss"] != divided["history"][0]["loss"]  # type: ignore[index]


def test_a_start_with_other_layers_is_refused(tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", 20)
    train(data, tmp_path / "earlier", epochs=1)
    with pytest.raises(ShapeError, match=r"last\.pt: expected the backbone medium, found other layers"):
        train(data, tmp_path / "out", epochs=1, start_from=tmp_path / "earlier" / "last.pt", backbone="medium")


def test_the_camera_share_reaches_the_augmentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []

    def note(faces: object, _generator: object, camera_share: float) -> object:
        shares.append(camera_share)
        return faces

    monkeypatch.setattr(module, "augment", note)
    train(write_faces(tmp_path / "faces.npz", 20), tmp_path / "out", epochs=1, camera_share=0.5)
    assert set(shares) == {0.5}


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


def test_curves_of_the_first_epoch(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    row = {"epoch": 1.0, "loss": 2.0, "held_out_loss": 1.9, "held_out_war": 0.3, "held_out_uar": math.nan}
    draw_curves([row], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


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
