"""The numbers that every training of this kind states. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fer.errors import SettingsError


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


def require_positive(name: str, value: int) -> None:
    """Raise SettingsError unless `value` is at least 1."""
    if value < 1:
        raise SettingsError(f"{name}: expected a whole number from 1, found {value}")


def require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise SettingsError unless `value` is one of these."""
    if value not in choices:
        raise SettingsError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
