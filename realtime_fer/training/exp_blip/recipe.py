"""The published recipe of Exp-BLIP's second stage, number by number, and its learning-rate schedule. No torch.

Source: the yaml of the second stage of Yujianyuan/Exp-BLIP and Table 12 of the paper's supplement; schedule, optimiser and loss
scaling as in LAVIS, which it is built on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.errors import SettingsError
from realtime_fer.networks.exp_blip.text_processing import MAX_WORDS
from realtime_fer.training.vlm.recipe import StepRecipe, require_one_of, require_positive

Precision = Literal["float16", "bfloat16", "float32"]

PRECISIONS: Final = ("float16", "bfloat16", "float32")
PUBLISHED_TOKENS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpBlipRecipe(StepRecipe):
    """What a run is started with, and its checkpoint keeps; see `StepRecipe` too. The defaults are the published values.

    Attributes:
        batch: published in the yaml as 4 on each of 4 GPUs; the supplement says 32 a GPU.
        weight_decay: also of biases and norms.
        warm_up_steps: the rate rises from `warm_up_learning_rate`, within the first epoch.
        last_learning_rate: where the cosine ends, which goes down once an epoch.
        augmentation: change pictures at random, as published.
        max_tokens: of a caption with what begins and ends it; a longer one loses its end, and with it the mark that stops
            the writing. 32 is what the released configuration comes to; the published captions are longer.
        max_words: of a caption before that.
        precision: of the arithmetic; what is learned is kept in float32. "float16" means float32 on a CPU, as there.
    """

    epochs: int = 20
    batch: int = 16
    micro_batch: int = 4
    peak_learning_rate: float = 1e-5
    weight_decay: float = 0.05
    clip_norm: float | None = None
    save_every: int = 5000
    warm_up_steps: int = 1000
    warm_up_learning_rate: float = 1e-8
    last_learning_rate: float = 0.0
    augmentation: bool = True
    max_tokens: int = PUBLISHED_TOKENS
    max_words: int = MAX_WORDS
    precision: Precision = "float16"

    def __post_init__(self) -> None:
        StepRecipe.__post_init__(self)
        require_positive("max_words", self.max_words)
        if self.max_tokens < 2:
            raise SettingsError(f"max_tokens: expected at least 2, the beginning and one more, found {self.max_tokens}")
        if self.warm_up_steps < 0:
            raise SettingsError(f"warm_up_steps: expected a whole number from 0, found {self.warm_up_steps}")
        require_one_of("precision", self.precision, PRECISIONS)

    def steps_an_epoch(self, records: int) -> int:
        """Full batches only; at least 1."""
        return max(1, records // self.batch)

    def steps(self, records: int) -> int:
        """Optimiser steps of the whole run."""
        return self.epochs * self.steps_an_epoch(records)

    def share_of_peak(self, step: int, records: int) -> float:
        """What the peak learning rate is multiplied by in a step, from 0.

        Within the first epoch it rises linearly for `warm_up_steps` and stays; from the second on it is that of the epoch: a
        cosine from the peak in epoch 0 to the last rate in the one after the last.
        """
        epoch, within = divmod(step, self.steps_an_epoch(records))
        if epoch == 0:
            risen = min(1.0, within / max(1, self.warm_up_steps))
            return (self.warm_up_learning_rate + (self.peak_learning_rate - self.warm_up_learning_rate) * risen) / (
                self.peak_learning_rate
            )
        last = self.last_learning_rate / self.peak_learning_rate
        return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))


PUBLISHED: Final = ExpBlipRecipe()
