from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.labels import FERPLUS_VOTE_COLUMNS  # noqa: E402
from realtime_fer.training.expression import class_shares, crowd_loss, epoch_rows, one_cycle, train_expression  # noqa: E402

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


def test_the_rate_rises_peaks_and_ends_at_nothing() -> None:
    rates = [one_cycle(step, 200, 0.01) for step in range(201)]
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 29
    assert rates[:30] == sorted(rates[:30])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[200] == pytest.approx(0)


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
