from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError, ShapeError  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import BACKBONES  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import task as module  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.crowd import crowd_loss  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.run import train_expression  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.scoring import network_of  # noqa: E402

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


def test_nothing_to_resume_is_said_and_nothing_left(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"last\.pt"):
        train(write_faces(tmp_path / "faces.npz"), tmp_path / "new", resume=True)
    with pytest.raises(DatasetError, match=r"absent\.npz"):
        train(tmp_path / "absent.npz", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_run_is_neither_written_over_nor_resumed_with_other_faces(tmp_path: Path) -> None:
    train(write_faces(tmp_path / "faces.npz", 20), tmp_path / "run", stop_after=1)
    with pytest.raises(DatasetError, match=r"found last\.pt; --resume it, or name another --out"):
        train(tmp_path / "faces.npz", tmp_path / "run")
    with pytest.raises(DatasetError, match=r"last\.pt: was made with other --data"):
        train(write_faces(tmp_path / "others.npz", 22), tmp_path / "run", resume=True)


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
