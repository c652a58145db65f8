"""What a run of FMPN's training is started with where nobody said otherwise: as published, or as our own trainings have it."""

from __future__ import annotations

from typing import Any, Final

from realtime_fer.training.fmpn.optimisation import GENERATOR_LEARNING_RATE, LEARNING_RATE
from realtime_fer.training.fmpn.recipe import FACE_SIZES_PX, PUBLISHED_BATCH, PUBLISHED_EPOCHS, FmpnRecipe, Schedule, StageName

ONE_CYCLE_LEARNING_RATE: Final = 3e-3
ONE_CYCLE_BATCH: Final = 128
"""Those of `training.emotion_gcn_ferplus.run`."""

GENERATOR_SHARE: Final = GENERATOR_LEARNING_RATE / LEARNING_RATE
"""The mask generator's learning rate in the second stage, as a share of the others'."""


def recipe_with_defaults(
    *,
    stage: StageName,
    schedule: Schedule,
    epochs: int | None,
    decay_epochs: int | None,
    batch: int | None,
    learning_rate: float | None,
    generator_learning_rate: float | None,
    weight_decay: float,
    size_px: int | None,
    **others: Any,
) -> FmpnRecipe:
    """The recipe of a new run; what is None is the default of its stage and schedule.

    Args:
        others: of `FmpnRecipe`, as they are.
    """
    epochs = epochs or PUBLISHED_EPOCHS[stage]
    one_cycle = schedule == "one-cycle"
    if learning_rate is None:
        learning_rate = ONE_CYCLE_LEARNING_RATE if one_cycle else LEARNING_RATE
    if generator_learning_rate is None:
        generator_learning_rate = GENERATOR_SHARE * learning_rate if one_cycle else GENERATOR_LEARNING_RATE
    return FmpnRecipe(
        stage=stage,
        schedule=schedule,
        epochs=epochs,
        decay_epochs=epochs // 2 if decay_epochs is None else decay_epochs,
        batch=batch or (ONE_CYCLE_BATCH if one_cycle else PUBLISHED_BATCH[stage]),
        peak_learning_rate=learning_rate,
        generator_learning_rate=generator_learning_rate,
        weight_decay=weight_decay if one_cycle else 0.0,
        size_px=size_px or FACE_SIZES_PX[others["classifier"]],
        **others,
    )
