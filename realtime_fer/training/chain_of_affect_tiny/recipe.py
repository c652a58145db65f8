"""What a run of the tiny model's training is started with."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fer.errors import SettingsError
from realtime_fer.training.loop.run_loop import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyRecipe(Recipe):
    """What a run was started with; a resumed run keeps it.

    Attributes:
        vision_from: checkpoint of the face tower.
        camera_share: see `expression_augmentation.augment`.
        hidden_size, intermediate_size, layers, heads: of the language model.
    """

    vision_from: str
    camera_share: float
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads:
            raise SettingsError(
                f"hidden size: expected a multiple of the {self.heads} attention heads, found {self.hidden_size}; "
                "change --hidden-size or --heads"
            )
