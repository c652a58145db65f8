"""CLIP's image encoder up to the layer that Phi-3.5-vision reads."""

from __future__ import annotations

from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.config import VisionTowerSizes
from realtime_fer.networks.phi3_vision.tile_layout import TILE_PX

try:
    import torch
    from torch import Tensor, nn
    from transformers import CLIPVisionConfig, CLIPVisionModel
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

PATCH_PX = 14


class VisionTower(nn.Module):  # type: ignore[misc]
    """Tiles to patch features: the output of the last layer but one, class token dropped, no final norm.

    The last layer and `post_layernorm` are there because checkpoints hold them; nothing is computed with them.

    Shapes: N tiles, C channels, 576 = 24 x 24 patches row by row.
    """

    def __init__(self, sizes: VisionTowerSizes, attention: str) -> None:
        super().__init__()
        settings: dict[str, Any] = {
            "hidden_size": sizes.hidden_size,
            "intermediate_size": sizes.intermediate_size,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "image_size": TILE_PX,
            "patch_size": PATCH_PX,
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
            "attn_implementation": attention,
        }
        tower = CLIPVisionModel(CLIPVisionConfig(**settings))
        # The first releases of transformers 5 have the layers one level lower.
        self.vision_model: Any = getattr(tower, "vision_model", tower)

    def forward(self, tiles: Tensor) -> Tensor:
        """Normalised pixels (N, 3, 336, 336) -> (N, 576, C)."""
        hidden = self.vision_model.pre_layrnorm(self.vision_model.embeddings(tiles))
        for layer in self.vision_model.encoder.layers[:-1]:
            hidden = layer(hidden, None)
        features: Tensor = hidden[:, 1:]
        return features

    def renew_positions(self, device: torch.device) -> None:
        """Set the numbers of the patches, which no checkpoint holds, for a model that was built without memory."""
        embeddings = self.vision_model.embeddings
        embeddings.position_ids = torch.arange(embeddings.num_positions, device=device)[None]
