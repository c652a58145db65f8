"""The published recipe of ExpLLM, number by number. No torch.

Source: the training scripts of starhiking/ExpLLM-TMM, and the defaults of the trainer they call (transformers 4.31).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.errors import SettingsError
from realtime_fer.training.vlm.recipe import StepRecipe, require_one_of, require_positive
from realtime_fer.training.vlm.schedule import full_batches, warm_up_then_cosine

Precision = Literal["bfloat16", "float32"]
QuestionOrder = Literal["fixed", "random"]

PRECISIONS: Final = ("bfloat16", "float32")
QUESTION_ORDERS: Final = ("fixed", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpLlmRecipe(StepRecipe):
    """What a run is started with, and its checkpoint keeps; see `StepRecipe` too. The defaults are the published values.

    Attributes:
        epochs: published: 20 on RAF-DB, 30 on AffectNet.
        micro_batch: published: 1. Its drop path of 0.4 drops whole rows but never the last one of a micro-batch, and so does
            nothing there; it is left out here at every size.
        warm_up_ratio: share of all steps until the peak.
        rank, alpha: of new adapters in both encoders, on q and v; those of a checkpoint must be the same.
        dropout: in front of the adapters.
        questions: "fixed" asks for the description and then for the label (question_index -1, RAF-DB); "random" draws the
            order each time (question_index 1, AffectNet). The evaluation asks for the label first.
        augmentation: change pictures at random, as published.
        max_tokens: longer conversations lose their end.
        precision: of the decoder's frozen weights and of the arithmetic; what is learned is always kept in float32.
    """

    epochs: int = 20
    batch: int = 128
    micro_batch: int = 1
    peak_learning_rate: float = 5e-4
    weight_decay: float = 0.05
    warm_up_ratio: float = 0.03
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    questions: QuestionOrder = "fixed"
    augmentation: bool = True
    max_tokens: int = 2048
    precision: Precision = "bfloat16"

    def __post_init__(self) -> None:
        StepRecipe.__post_init__(self)
        for name in ("rank", "max_tokens"):
            require_positive(name, getattr(self, name))
        if not 0 <= self.warm_up_ratio < 1 or not 0 <= self.dropout < 1:
            raise SettingsError(
                f"warm_up_ratio and dropout: expected shares in [0, 1), found {self.warm_up_ratio} and {self.dropout}"
            )
        require_one_of("precision", self.precision, PRECISIONS)
        require_one_of("questions", self.questions, QUESTION_ORDERS)

    def steps(self, records: int) -> int:
        """Optimiser steps of the whole run: full batches only, and epochs run into each other. At least 1."""
        return full_batches(self.epochs, records, self.batch)

    def share_of_peak(self, step: int, steps: int) -> float:
        """What the peak learning rate is multiplied by in a step; see `warm_up_then_cosine`."""
        return warm_up_then_cosine(step, steps, self.warm_up_ratio)


PUBLISHED: Final = ExpLlmRecipe()
"""On RAF-DB. AffectNet's differs in epochs (30) and questions ("random")."""
