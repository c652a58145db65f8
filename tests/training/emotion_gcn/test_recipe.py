from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe, published_class_weights, published_size
from tests.training.emotion_gcn.miniature import tiny_recipe


def test_defaults_are_the_published_ones() -> None:
    recipe = EmotionGcnRecipe(
        dataset="affectnet", network="densenet", model="emotion_gcn", size_px=227, class_weights="affectnet"
    )
    assert (recipe.epochs, recipe.batch, recipe.learning_rate, recipe.momentum, recipe.weight_decay) == (
        10,
        35,
        1e-3,
        0.9,
        1e-3,
    )
    assert (recipe.decay_every, recipe.decay_factor, recipe.rotation_degrees, recipe.precision) == (10, 0.1, 30, "float32")
    # Ours: the authors held nothing out and took the best epoch on the test faces.
    assert (recipe.held_out, recipe.select, recipe.limit) == (0.05, "last", None)
    assert [published_size("densenet", "affectnet"), published_size("densenet", "affwild2")] == [227, 112]
    assert published_size("bregnext", "affectnet") == published_size("bregnext", "ferplus") == 112
    chosen = [published_class_weights(name) for name in ("affectnet", "affwild2", "raf-db")]
    assert chosen == ["affectnet", "none", "counts"]


def test_the_rate_falls_to_a_tenth_after_the_published_ten_epochs() -> None:
    assert [tiny_recipe(learning_rate=1e-3).rate(epoch) for epoch in (0, 9, 10, 20)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])


@pytest.mark.parametrize(("network", "size_px"), [("bregnext", 18), ("densenet", 31), ("bregnext", 0)])
def test_a_size_that_the_network_cannot_take(network: str, size_px: int) -> None:
    with pytest.raises(SettingsError, match=f"{network} needs at least .* found {size_px}"):
        tiny_recipe(network=network, size_px=size_px)


def test_selection_needs_faces() -> None:
    with pytest.raises(SettingsError, match="held_out=0"):
        tiny_recipe(select="best-on-held-out", held_out=0.0)
