"""The losses of an epoch: their means over its samples, on however many processes, and what is told on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from realtime_fer.errors import ModelError, missing_extra
from realtime_fer.training.loop.progress import TrainingProgress

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training a network", "train", error) from error

TOLD_STEPS: Final = 10
"""A GPU has to be waited for whenever somebody wants to know the loss."""


class EpochLosses:
    """Sums up the losses of one process' samples.

    Args:
        accelerator: accelerate's; where the sums lie, and who else sums up.
        what: for the progress, "epoch 2/10".
        steps: how many the epoch has.
        progress: told every `TOLD_STEPS` steps and after the last.
        advice: ends the error of a loss that is no number.
    """

    def __init__(self, accelerator: Any, what: str, steps: int, progress: TrainingProgress, advice: str) -> None:
        self._accelerator, self._progress = accelerator, progress
        self._what, self._steps, self._advice = what, steps, advice
        self._names: list[str] = []
        self._sums: Any = None
        self._step = 0
        self._seen = 0

    def add(self, losses: Mapping[str, Tensor], size: int) -> None:
        """Means of the losses over so many samples, the minimised one first; to be called once a step.

        Raises:
            ModelError: the minimised loss is no number any more.
        """
        values = size * torch.stack([value.detach().double() for value in losses.values()])
        self._names, self._sums = list(losses), values if self._sums is None else self._sums + values
        self._step += 1
        self._seen += size
        if self._step % TOLD_STEPS and self._step != self._steps:
            return
        shown = float(self._sums[0]) / self._seen
        self._progress.step(self._what, self._step, self._steps, f"{self._names[0]} {shown:.4f}")
        if not math.isfinite(shown):
            raise ModelError(
                f"{self._what.partition('/')[0]}, step {self._step}: the loss is {shown}, expected a number; {self._advice}"
            )

    def means(self) -> dict[str, float]:
        """Of all processes' samples; each process must ask, after a step at least."""
        counted = torch.cat([self._sums, self._sums.new_tensor([self._seen])])
        *sums, seen = self._accelerator.reduce(counted, "sum").tolist()
        return {name: total / seen for name, total in zip(self._names, sums, strict=True)}
