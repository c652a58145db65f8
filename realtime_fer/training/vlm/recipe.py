"""The numbers that every training of this kind states. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.errors import SettingsError
from realtime_fer.training.vlm.schedule import full_batches, warm_up_then_cosine

Precision = Literal["bfloat16", "float32"]

PRECISIONS: Final = ("bfloat16", "float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecipe:
    """What a run is started with, and its checkpoint keeps; trainings add their own, and defaults.

    Attributes:
        epochs: times that every record is shown.
        batch: records an optimiser step takes, over all processes.
        micro_batch: records that one process takes at once; the rest of the batch is accumulated.
        peak_learning_rate: AdamW's, at the end of the warm-up.
        weight_decay, beta1, beta2, epsilon: AdamW's.
        clip_norm: largest gradient norm; None for any.
        gradient_checkpointing: compute activations twice instead of keeping them.
        save_every: steps between checkpoints.
        seed: of everything that is drawn.
        limit: at most so many records, for a quick trial.
    """

    epochs: int
    batch: int
    micro_batch: int
    peak_learning_rate: float
    weight_decay: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    clip_norm: float | None = 1.0
    gradient_checkpointing: bool = True
    save_every: int = 500
    seed: int = 42
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro_batch", "save_every"):
            require_positive(name, getattr(self, name))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterRecipe(StepRecipe):
    """What trainings of low-rank adapters in a decoder share besides; the defaults are the published values of both.

    Attributes:
        warm_up_ratio: share of all steps until the peak.
        rank: of the adapters.
        dropout: in front of them.
        precision: of the frozen weights and of the arithmetic; what is learned is always kept in float32.
    """

    warm_up_ratio: float = 0.03
    rank: int
    dropout: float = 0.05
    precision: Precision = "bfloat16"

    def __post_init__(self) -> None:
        StepRecipe.__post_init__(self)
        require_positive("rank", self.rank)
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


def require_positive(name: str, value: int) -> None:
    """Raise SettingsError unless `value` is at least 1."""
    if value < 1:
        raise SettingsError(f"{name}: expected a whole number from 1, found {value}")


def require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise SettingsError unless `value` is one of these."""
    if value not in choices:
        raise SettingsError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
