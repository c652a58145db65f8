"""The published recipe of Chain-of-Affect, number by number, and its learning-rate schedule. No torch.

Source: scripts/finetune_lora_vision_all_ft_only.sh of Joe-Shin/Chain-of-Affect-Compound-FER, and the defaults of the trainer
it calls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.errors import SettingsError

Precision = Literal["bfloat16", "float32"]

PRECISIONS: Final = ("bfloat16", "float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRecipe:
    """What a run is started with, and its checkpoint keeps. The defaults are the published values.

    Attributes:
        epochs: times that every record is shown.
        batch: records an optimiser step takes, over all processes (published: 4 x 4 accumulated x 2 GPUs).
        micro_batch: records that one process takes at once.
        peak_learning_rate: AdamW's, at the end of the warm-up.
        vision_learning_rate, projector_learning_rate: the same for the adapter's parts in the image encoder and in the
            projector; None as published: one rate for all.
        warm_up_ratio: share of all steps until the peak.
        weight_decay: AdamW's.
        beta1, beta2, epsilon: AdamW's.
        clip_norm: largest gradient norm.
        rank, alpha, dropout: of the adapter; its scale is alpha / rank.
        num_crops: tiles at most that a picture is cut into. The published test uses fewer.
        precision: of the frozen weights and of the arithmetic; the adapter itself is always kept in float32.
        gradient_checkpointing: compute activations twice instead of keeping them.
        save_every: steps between checkpoints.
        seed: of the adapter's first values, of the order of records and of dropout.
        limit: at most so many records, for a quick trial.
    """

    epochs: int = 10
    batch: int = 32
    micro_batch: int = 4
    peak_learning_rate: float = 2e-4
    vision_learning_rate: float | None = None
    projector_learning_rate: float | None = None
    warm_up_ratio: float = 0.03
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-7
    clip_norm: float = 1.0
    rank: int = 32
    alpha: int = 16
    dropout: float = 0.05
    num_crops: int = 16
    precision: Precision = "bfloat16"
    gradient_checkpointing: bool = True
    save_every: int = 500
    seed: int = 42
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro_batch", "rank", "alpha", "num_crops", "save_every"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: expected a whole number from 1, found {getattr(self, name)}")
        if not 0 <= self.warm_up_ratio < 1 or not 0 <= self.dropout < 1:
            raise SettingsError(
                f"warm_up_ratio and dropout: expected shares in [0, 1), found {self.warm_up_ratio} and {self.dropout}"
            )
        if self.precision not in PRECISIONS:
            raise SettingsError(f"precision: expected one of {', '.join(PRECISIONS)}, found {self.precision!r}")
        if self.batch % self.micro_batch:
            raise SettingsError(f"batch: expected a multiple of micro_batch ({self.micro_batch}), found {self.batch}")

    def micro_batches_for(self, processes: int) -> int:
        """Micro-batches of one process in a step.

        Raises:
            SettingsError: they cannot be shared out evenly.
        """
        total = self.batch // self.micro_batch
        if total % processes:
            raise SettingsError(
                f"batch: {self.batch} records are {total} micro-batches of {self.micro_batch}, which {processes} processes "
                "cannot share evenly; change --batch, --micro-batch or the number of processes"
            )
        return total // processes

    def steps(self, records: int) -> int:
        """Optimiser steps of the whole run: full batches only, and epochs run into each other. At least 1."""
        return max(1, self.epochs * records // self.batch)

    def share_of_peak(self, step: int, steps: int) -> float:
        """What the peak learning rates are multiplied by in a step, from 0: linear from 0 to 1, then a cosine down to 0.

        The first step's is 0, as published: it only fills the optimiser's averages.
        """
        warm_up = math.ceil(self.warm_up_ratio * steps)
        if step < warm_up:
            return step / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


PUBLISHED: Final = ChainRecipe()
