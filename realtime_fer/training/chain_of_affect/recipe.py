"""The published recipe of Chain-of-Affect, number by number. No torch.

Source: scripts/finetune_lora_vision_all_ft_only.sh of Joe-Shin/Chain-of-Affect-Compound-FER, and the defaults of the trainer
it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from realtime_fer.training.vlm.recipe import AdapterRecipe, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRecipe(AdapterRecipe):
    """What a run is started with, and its checkpoint keeps; see `AdapterRecipe` too. The defaults are the published values.

    Attributes:
        batch: published as 4 x 4 accumulated x 2 GPUs.
        vision_learning_rate, projector_learning_rate: the same for the adapter's parts in the image encoder and in the
            projector; None as published: one rate for all.
        alpha: of the adapter; its scale is alpha / rank.
        num_crops: tiles at most that a picture is cut into. The published test uses fewer.
    """

    epochs: int = 10
    batch: int = 32
    micro_batch: int = 4
    peak_learning_rate: float = 2e-4
    vision_learning_rate: float | None = None
    projector_learning_rate: float | None = None
    weight_decay: float = 0.0
    beta2: float = 0.98
    epsilon: float = 1e-7
    rank: int = 32
    alpha: int = 16
    num_crops: int = 16

    def __post_init__(self) -> None:
        AdapterRecipe.__post_init__(self)
        for name in ("alpha", "num_crops"):
            require_positive(name, getattr(self, name))


PUBLISHED: Final = ChainRecipe()
