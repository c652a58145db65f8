from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision.vision_tower import VisionTower  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, tiled  # noqa: E402

pytestmark = pytest.mark.torch


@torch.no_grad()
def test_the_last_layer_but_one_without_class_token_and_norm() -> None:
    """A tower with one layer less ends there."""
    torch.manual_seed(0)
    tower, shallow = VisionTower(TOWER, "eager").eval(), VisionTower(replace(TOWER, layers=TOWER.layers - 1), "sdpa").eval()
    shallow.load_state_dict(tower.state_dict(), strict=False)
    tiles = tiled().pixel_values[0, :1]
    found, expected = tower(tiles), shallow.vision_model(tiles).last_hidden_state[:, 1:]
    assert found.shape == (1, 576, TOWER.hidden_size)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, shallow(tiles), atol=1e-2)


def test_layers_without_effect_are_kept_for_checkpoints() -> None:
    names = set(VisionTower(TOWER, "sdpa").state_dict())
    assert "vision_model.encoder.layers.2.mlp.fc1.weight" in names
    assert "vision_model.post_layernorm.weight" in names
    assert not any("position_ids" in name for name in names)


@torch.no_grad()
def test_patch_numbers_are_made_where_there_was_no_memory() -> None:
    with torch.device("meta"):
        tower = VisionTower(TOWER, "sdpa")
    tower.renew_positions(torch.device("cpu"))
    assert tower.vision_model.embeddings.position_ids.tolist() == [list(range(577))]
