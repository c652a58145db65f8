"""What a run of the shipped classifier's training is started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from realtime_fer.networks.compact_emotion_gcn import Head
from realtime_fer.training.loop.run_loop import Recipe

Targets = Literal["votes", "majority"]
"""What the network is told of a face: how the crowd was divided, or the label of its majority alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionRecipe(Recipe):
    """What a run was started with; a resumed run keeps it."""

    dropout: float
    backbone: str = "small"
    camera_share: float = 1.0
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.0
    start_from: str | None = None
    head: Head = "graph"
    targets: Targets = "votes"
