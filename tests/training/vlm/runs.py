"""What tests of whole trainings look at, and the three systems that are trained this way, as small as they go."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class System:
    """One training.

    Attributes:
        short: a recipe of four steps, with everything that is random.
        save: writes model and data to a folder.
        train: trains from such a folder to another one; given also a recipe, and other options of the training.
        loss: its module.
        trained: what learns, in its checkpoints.
        checkpointed: names of parts that can compute activations twice.
        last: tolerance of weights that were computed so.
    """

    short: Any
    save: Callable[[Path], object]
    train: Callable[..., Path]
    loss: Any
    trained: str
    checkpointed: frozenset[str]
    last: float = 2e-3


@pytest.fixture
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take longer than the training."""
    from realtime_fer.training.vlm import run_folder

    monkeypatch.setattr(run_folder, "draw_panels", lambda *_: None)


def checkpoint(out: Path) -> dict[str, Any]:
    import torch

    saved: dict[str, Any] = torch.load(out / "last.pt", weights_only=True)
    return saved


def history(out: Path) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = json.loads((out / "history.json").read_text())
    return rows
