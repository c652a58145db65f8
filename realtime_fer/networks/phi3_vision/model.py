"""Phi-3.5-vision as one module whose tensors have the names of the published checkpoint."""

from __future__ import annotations

from typing import Any

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig
from realtime_fer.networks.phi3_vision.image_embedding import ImageEmbedding
from realtime_fer.networks.phi3_vision.rope import LongRope

try:
    import torch
    from torch import Tensor, nn
    from transformers import DynamicCache, Phi3Config, Phi3Model
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class Phi3Vision(nn.Module):  # type: ignore[misc]
    """Pictures and token ids to logits.

    Args:
        config: sizes.
        attention: "sdpa" (fused) or "eager", as transformers names them; equal up to rounding.

    Shapes: B rows of L tokens, D channels, V words; I pictures, N image vectors in all. A negative id in a row stands for
    one image vector; they are filled in order of the rows.
    """

    def __init__(self, config: Phi3VisionConfig, attention: str = "sdpa") -> None:
        super().__init__()
        self.config = config
        settings: dict[str, Any] = {
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "intermediate_size": config.intermediate_size,
            "num_hidden_layers": config.layers,
            "num_attention_heads": config.heads,
            "num_key_value_heads": config.kv_heads,
            "rms_norm_eps": config.rms_norm_eps,
            "max_position_embeddings": config.max_positions,
            "original_max_position_embeddings": config.original_max_positions,
            "bos_token_id": config.bos_id,
            "eos_token_id": None,
            "pad_token_id": config.pad_id,
            "attn_implementation": attention,
        }
        # Any: it gets two parts of ours in the places that the published names give them.
        self.model: Any = Phi3Model(Phi3Config(**settings))
        # The library's own choice between the two sets of frequencies does not count padding; the published one does.
        self.model.add_module("rotary_emb", LongRope(config))
        self.model.add_module("vision_embed_tokens", ImageEmbedding(config, attention))
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    @property
    def rope(self) -> LongRope:
        """The rotary angles, which know when a text is long."""
        rope: LongRope = self.model.rotary_emb
        return rope

    @property
    def images(self) -> ImageEmbedding:
        """The part that turns tiles into vectors."""
        images: ImageEmbedding = self.model.vision_embed_tokens
        return images

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.lm_head.weight.device
        return device

    def image_features(self, pixel_values: Tensor, image_sizes: Tensor) -> Tensor:
        """Tiles (I, T, 3, 336, 336) and padded sizes in pixels (I, 2) -> image vectors (N, D)."""
        features: Tensor = self.images(pixel_values.to(self.device), image_sizes)
        return features

    def embed(self, input_ids: Tensor, image_features: Tensor | None = None) -> Tensor:
        """Token ids (B, L) and image vectors (N, D) -> (B, L, D).

        Raises:
            ShapeError: there are not exactly N negative ids.
        """
        input_ids = input_ids.to(self.device)
        is_image = input_ids < 0
        found, expected = int(is_image.sum()), 0 if image_features is None else len(image_features)
        if found != expected:
            raise ShapeError(
                f"input_ids: {found} image positions for {expected} image vectors; tokenise with the same num_crops"
            )
        embeddings: Tensor = self.model.embed_tokens(input_ids.clamp(min=0))
        if image_features is None:
            return embeddings
        return embeddings.masked_scatter(is_image[..., None], image_features.to(embeddings.dtype))

    def hidden_states(
        self, embeddings: Tensor, attention_mask: Tensor | None = None, cache: DynamicCache | None = None
    ) -> Tensor:
        """Decode (B, n, D) -> (B, n, D), after the last norm.

        Args:
            embeddings: of the new tokens.
            attention_mask: (B, cached + n), 1 for tokens and 0 for padding on the left; None where nothing is padded.
            cache: keys and values of what came before; the new ones are added. None: nothing came before, nothing is kept.
                The caller sees to it that it was made with the factors that hold now (see `sequence`).
        """
        cached = cache.get_seq_length() if cache is not None else 0
        keys = cached + embeddings.shape[1]
        if attention_mask is None:
            positions = torch.arange(cached, keys, device=embeddings.device)[None]
        else:
            attention_mask = attention_mask.to(embeddings.device)
            counted = (attention_mask.long().cumsum(dim=1) - 1).masked_fill(attention_mask == 0, 1)
            positions = counted[:, cached:]
        self.rope.use_long = self.rope.is_long(keys)
        hidden: Tensor = self.model(
            inputs_embeds=embeddings,
            attention_mask=attention_mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (..., D) -> float32 (..., V)."""
        logits: Tensor = self.lm_head(hidden)
        return logits.float()

    def forward(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        image_sizes: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits of every position, float32 (B, L, V), without a cache.

        Args:
            input_ids: (B, L), padded on the left where rows differ in length.
            pixel_values, image_sizes: the pictures of all rows, in order (see `image_processor`); None for text alone.
            attention_mask: (B, L), 0 where padded; None where nothing is.

        Raises:
            ShapeError: pictures, sizes and image positions do not agree.
        """
        if (pixel_values is None) != (image_sizes is None):
            raise ShapeError("pictures: expected pixel_values and image_sizes together, found one without the other")
        features = None if pixel_values is None or image_sizes is None else self.image_features(pixel_values, image_sizes)
        return self.logits(self.hidden_states(self.embed(input_ids, features), attention_mask))
