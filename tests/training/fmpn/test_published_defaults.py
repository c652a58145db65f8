from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.fmpn.published_defaults import recipe_with_defaults
from realtime_fer.training.fmpn.recipe import FmpnRecipe

pytestmark = pytest.mark.torch


def recipe_of(**changes: Any) -> FmpnRecipe:
    unsaid = ("epochs", "decay_epochs", "batch", "learning_rate", "generator_learning_rate", "size_px", "limit", "masks")
    given: dict[str, Any] = dict.fromkeys(unsaid)
    given |= {"stage": "masks", "schedule": "published", "weight_decay": 0.05, "mask_weight": 0.1, "channels": 64, "blocks": 4}
    given |= {"norm": "batch", "width": 1.0, "neutral": "neutral", "without_neutral": False, "people_in_names": False}
    return recipe_with_defaults(**{**given, "held_out": 0.05, "seed": 0, "classifier": "inception", **changes})


def test_as_published() -> None:
    masks, classifier = recipe_of(), recipe_of(stage="classifier")
    assert (masks.epochs, masks.decay_epochs, masks.batch, masks.size_px) == (300, 150, 32, 299)
    assert (classifier.epochs, classifier.decay_epochs, classifier.batch) == (200, 100, 16)
    assert (masks.peak_learning_rate, masks.generator_learning_rate, masks.weight_decay) == (1e-4, 1e-5, 0.0)
    assert masks.precision == "no"


def test_as_our_own_trainings_have_it() -> None:
    recipe = recipe_of(schedule="one-cycle", classifier="compact")
    assert (recipe.batch, recipe.size_px, recipe.peak_learning_rate, recipe.weight_decay) == (128, 48, 3e-3, 0.05)
    assert recipe.generator_learning_rate == pytest.approx(3e-4)
    assert recipe.precision == "bf16"


def test_what_is_said_counts() -> None:
    recipe = recipe_of(epochs=7, decay_epochs=0, batch=3, learning_rate=0.5, generator_learning_rate=0.25, size_px=20)
    assert (recipe.epochs, recipe.decay_epochs, recipe.batch, recipe.size_px) == (7, 0, 3, 20)
    assert (recipe.peak_learning_rate, recipe.generator_learning_rate) == (0.5, 0.25)
    assert recipe_of(schedule="one-cycle", mixed_precision="no").precision == "no"
    assert replace(recipe, mixed_precision="fp16").precision == "fp16"
