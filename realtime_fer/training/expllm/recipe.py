"""The published recipe of ExpLLM, number by number. No torch.

Source: the training scripts of starhiking/ExpLLM-TMM, and the defaults of the trainer they call (transformers 4.31).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.training.vlm.recipe import AdapterRecipe, require_one_of, require_positive

QuestionOrder = Literal["fixed", "random"]

QUESTION_ORDERS: Final = ("fixed", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpLlmRecipe(AdapterRecipe):
    """What a run is started with, and its checkpoint keeps; see `AdapterRecipe` too. The defaults are the published values.

    Attributes:
        epochs: published: 20 on RAF-DB, 30 on AffectNet.
        micro_batch: published: 1. Its drop path of 0.4 drops whole rows but never the last one of a micro-batch, and so does
            nothing there; it is left out here at every size.
        rank, alpha: of new adapters in both encoders, on q and v; those of a checkpoint must be the same.
        questions: "fixed" asks for the description and then for the label (question_index -1, RAF-DB); "random" draws the
            order each time (question_index 1, AffectNet). The evaluation asks for the label first.
        augmentation: change pictures at random, as published.
        max_tokens: longer conversations lose their end.
    """

    epochs: int = 20
    batch: int = 128
    micro_batch: int = 1
    peak_learning_rate: float = 5e-4
    weight_decay: float = 0.05
    rank: int = 8
    alpha: float = 16.0
    questions: QuestionOrder = "fixed"
    augmentation: bool = True
    max_tokens: int = 2048

    def __post_init__(self) -> None:
        AdapterRecipe.__post_init__(self)
        require_positive("max_tokens", self.max_tokens)
        require_one_of("questions", self.questions, QUESTION_ORDERS)


PUBLISHED: Final = ExpLlmRecipe()
"""On RAF-DB. AffectNet's differs in epochs (30) and questions ("random")."""
