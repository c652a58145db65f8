"""The captioning network: a face and token ids to logits."""

from __future__ import annotations

from typing import Any, NamedTuple

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
    from transformers import Blip2Config, Blip2ForConditionalGeneration, Blip2QFormerConfig, Blip2VisionConfig, OPTConfig
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error


class Float32LayerNorm(nn.LayerNorm):  # type: ignore[misc]
    """A norm that is computed in float32 and gives back the type it was given."""

    def forward(self, values: Tensor) -> Tensor:
        """(..., D) -> (..., D), same type."""
        normal = functional.layer_norm(values.float(), self.normalized_shape, self.weight.float(), self.bias.float(), self.eps)
        return normal.to(values.dtype)


class FaceVectors(NamedTuple):
    """A batch of B faces on its way to the language model.

    Attributes:
        image: (B, image_tokens, vision_hidden), behind ln_vision.
        queries: (B, queries, qformer_hidden), out of the Q-Former.
        prefix: (B, queries, opt_hidden), what the language model reads.
    """

    image: Tensor
    queries: Tensor
    prefix: Tensor


def blip2_config(sizes: ExpBlipSizes, attention: str, *, text_input: bool) -> Blip2Config:
    """The same sizes in the words of transformers.

    Args:
        sizes: of the three parts.
        attention: "sdpa" or "eager".
        text_input: with the Q-Former's own layers for text, which the first stage has and the second has not.
    """
    config: Any = Blip2Config(
        vision_config=Blip2VisionConfig(
            hidden_size=sizes.vision_hidden,
            intermediate_size=sizes.vision_intermediate,
            num_hidden_layers=sizes.vision_layers,
            num_attention_heads=sizes.vision_heads,
            image_size=sizes.image_px,
            patch_size=sizes.patch_px,
            layer_norm_eps=sizes.vision_norm_eps,
            qkv_bias=True,
        ),
        qformer_config=Blip2QFormerConfig(
            vocab_size=sizes.bert_words,
            hidden_size=sizes.qformer_hidden,
            num_hidden_layers=sizes.qformer_layers,
            num_attention_heads=sizes.qformer_heads,
            intermediate_size=sizes.qformer_intermediate,
            max_position_embeddings=sizes.bert_positions,
            layer_norm_eps=sizes.qformer_norm_eps,
            pad_token_id=sizes.bert_pad_id,
            cross_attention_frequency=sizes.cross_attention_every,
            encoder_hidden_size=sizes.vision_hidden,
            use_qformer_text_input=text_input,
        ),
        text_config=OPTConfig(
            vocab_size=sizes.opt_words,
            hidden_size=sizes.opt_hidden,
            word_embed_proj_dim=sizes.opt_hidden,
            ffn_dim=sizes.opt_intermediate,
            num_hidden_layers=sizes.opt_layers,
            num_attention_heads=sizes.opt_heads,
            max_position_embeddings=sizes.opt_positions,
            activation_function="relu",
            do_layer_norm_before=True,
            bos_token_id=sizes.opt_begin_id,
            pad_token_id=sizes.opt_pad_id,
            eos_token_id=sizes.opt_end_id,
            tie_word_embeddings=True,
        ),
        num_query_tokens=sizes.queries,
        image_text_hidden_size=sizes.matching_hidden,
        image_token_index=None if text_input else sizes.image_token_id,
    )
    for part in (config, config.vision_config, config.qformer_config, config.text_config):
        part._attn_implementation = attention
    return config


class ExpBlip(nn.Module):  # type: ignore[misc]
    """Faces and token ids to logits.

    Args:
        sizes: of the three parts.
        attention: "sdpa" (fused) or "eager", as transformers names them; equal up to rounding.

    Shapes: B faces, texts of L tokens, V words. The language model reads the face's vectors and then the text; every text
    begins with the id `sizes.opt_begin_id`.
    """

    def __init__(self, sizes: ExpBlipSizes = PUBLISHED, attention: str = "sdpa") -> None:
        super().__init__()
        self.sizes = sizes
        # Any: transformers has no types of its own here.
        self.blip: Any = Blip2ForConditionalGeneration(blip2_config(sizes, attention, text_input=False))
        self.blip.vision_model.post_layernorm = Float32LayerNorm(sizes.vision_hidden, eps=sizes.ln_vision_eps)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.blip.query_tokens.device
        return device

    def look(self, pixels: Tensor) -> FaceVectors:
        """Normalised pixels, float32 (B, 3, image_px, image_px) -> what the language model reads of them.

        Raises:
            ShapeError: `pixels` has another shape.
        """
        side = self.sizes.image_px
        if pixels.ndim != 4 or tuple(pixels.shape[1:]) != (3, side, side):
            raise ShapeError(
                f"pixels: expected (B, 3, {side}, {side}), found {tuple(pixels.shape)}; see preprocessing.pixel_values"
            )
        found = self.blip.get_image_features(pixels.to(self.device))
        return FaceVectors(found.vision_outputs.last_hidden_state, found.qformer_outputs.last_hidden_state, found.pooler_output)

    def embed(self, face: FaceVectors, text_ids: Tensor) -> Tensor:
        """The whole input of the language model: (B, queries + L, opt_hidden).

        Raises:
            ShapeError: `text_ids` is not (B, L), or an id is no word.
        """
        if text_ids.ndim != 2 or len(text_ids) != len(face.prefix):
            raise ShapeError(f"text_ids: expected ({len(face.prefix)}, L), found {tuple(text_ids.shape)}")
        if text_ids.numel() and not 0 <= int(text_ids.min()) <= int(text_ids.max()) < self.sizes.opt_words:
            raise ShapeError(
                f"text_ids: expected ids below {self.sizes.opt_words}, found {int(text_ids.min())} to {int(text_ids.max())}"
            )
        words = self.blip.language_model.get_input_embeddings()(text_ids.to(self.device))
        return torch.cat([face.prefix.to(words.device, words.dtype), words], dim=1)

    def logits(self, face: FaceVectors, text_ids: Tensor, text_mask: Tensor | None = None) -> Tensor:
        """Logits of every position, float32 (B, queries + L, V), without a cache.

        Args:
            face: from `look`.
            text_ids: (B, L).
            text_mask: (B, L), 0 where a text is filled up on the right; None where none is.

        Raises:
            ShapeError: as `embed`.
        """
        embeddings = self.embed(face, text_ids)
        if text_mask is None:
            text_mask = torch.ones_like(text_ids)
        seen = torch.ones(embeddings.shape[:2], dtype=torch.long, device=self.device)
        seen[:, self.sizes.queries :] = text_mask.to(self.device)
        logits: Tensor = self.blip.language_model(inputs_embeds=embeddings, attention_mask=seen, use_cache=False).logits
        return logits.float()

    def forward(self, pixels: Tensor, text_ids: Tensor, text_mask: Tensor | None = None) -> Tensor:
        """Pixels (B, 3, image_px, image_px) and text (B, L) -> float32 (B, queries + L, V).

        Raises:
            ShapeError: as `look` and `embed`.
        """
        return self.logits(self.look(pixels), text_ids, text_mask)
