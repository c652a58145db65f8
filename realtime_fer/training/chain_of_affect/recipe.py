"""The published recipe of Chain-of-Affect, number by number, and its learning-rate schedule. No torch.

Source: scripts/finetune_lora_vision_all_ft_only.sh of Joe-Shin/Chain-of-Affect-Compound-FER, and the defaults of the trainer
it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.errors import SettingsError
from realtime_fer.training.vlm.recipe import StepRecipe, require_one_of, require_positive
from realtime_fer.training.vlm.schedule import full_batches, warm_up_then_cosine

Precision = Literal["bfloat16", "float32"]

PRECISIONS: Final = ("bfloat16", "float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRecipe(StepRecipe):
    """What a run is started with, and its checkpoint keeps; see `StepRecipe` too. The defaults are the published values.

    Attributes:
        batch: published as 4 x 4 accumulated x 2 GPUs.
        vision_learning_rate, projector_learning_rate: the same for the adapter's parts in the image encoder and in the
            projector; None as published: one rate for all.
        warm_up_ratio: share of all steps until the peak.
        rank, alpha, dropout: of the adapter; its scale is alpha / rank.
        num_crops: tiles at most that a picture is cut into. The published test uses fewer.
        precision: of the frozen weights and of the arithmetic; the adapter itself is always kept in float32.
    """

    epochs: int = 10
    batch: int = 32
    micro_batch: int = 4
    peak_learning_rate: float = 2e-4
    vision_learning_rate: float | None = None
    projector_learning_rate: float | None = None
    warm_up_ratio: float = 0.03
    weight_decay: float = 0.0
    beta2: float = 0.98
    epsilon: float = 1e-7
    rank: int = 32
    alpha: int = 16
    dropout: float = 0.05
    num_crops: int = 16
    precision: Precision = "bfloat16"

    def __post_init__(self) -> None:
        StepRecipe.__post_init__(self)
        for name in ("rank", "alpha", "num_crops"):
            require_positive(name, getattr(self, name))
        if not 0 <= self.warm_up_ratio < 1 or not 0 <= self.dropout < 1:
            raise SettingsError(
                f"warm_up_ratio and dropout: expected shares in [0, 1), found {self.warm_up_ratio} and {self.dropout}"
            )
        require_one_of("precision", self.precision, PRECISIONS)

    def steps(self, records: int) -> int:
        """Optimiser steps of the whole run: full batches only, and epochs run into each other. At least 1."""
        return full_batches(self.epochs, records, self.batch)

    def share_of_peak(self, step: int, steps: int) -> float:
        """What the peak learning rates are multiplied by in a step; see `warm_up_then_cosine`."""
        return warm_up_then_cosine(step, steps, self.warm_up_ratio)


PUBLISHED: Final = ChainRecipe()
