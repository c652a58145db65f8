"""ExpLLM on transformers' own DINOv2 and LLaMA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.expllm.config import INPUT_PX, PATCH_COUNT, PATCH_PX, ExpLlmConfig

try:
    import torch
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.tuners_utils import BaseTunerLayer
    from torch import Tensor, nn
    from torch.nn import functional
    from transformers import Dinov2Config, Dinov2Model, LlamaConfig, LlamaForCausalLM
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

NOT_LEARNED = -100
"""Label of a position that counts for no loss."""


class ExpLlm(nn.Module):
    """Picture and prompt to logits.

    Args:
        config: sizes; with a rank above 0, both encoders carry adapters on their q and v projections.
        attention: implementation of both encoders ("sdpa" or "eager").

    Shapes: B rows, T tokens, P = 256 patches, Dv and D channels of the two encoders, V words.
    """

    def __init__(self, config: ExpLlmConfig, attention: str = "sdpa") -> None:
        super().__init__()
        self.config = config
        self.vision = Dinov2Model(vision_config(config, attention))
        self.projector = nn.Sequential(
            nn.Linear(config.vision.hidden_size, config.language.hidden_size),
            nn.GELU(),
            nn.Linear(config.language.hidden_size, config.language.hidden_size),
        )
        self.language = LlamaForCausalLM(language_config(config, attention))
        if config.rank:
            for encoder in (self.vision, self.language):
                inject_adapter_in_model(adapter_config(config), encoder)

    def patch_tokens(self, pixel_values: Tensor) -> Tensor:
        """What DINOv2 says of each patch, after its last norm: (B, 3, 224, 224) -> (B, P, Dv).

        Raises:
            ShapeError: the pictures have another size.
        """
        if tuple(pixel_values.shape[1:]) != (3, INPUT_PX, INPUT_PX):
            raise ShapeError(f"pixel values: expected shape (B, 3, {INPUT_PX}, {INPUT_PX}), found {tuple(pixel_values.shape)}")
        tokens: Tensor = self.vision(pixel_values.to(self.vision.dtype)).last_hidden_state[:, 1:]
        return tokens

    def image_embeddings(self, pixel_values: Tensor) -> Tensor:
        """Patches as the decoder takes them: (B, 3, 224, 224) -> (B, P, D), in the decoder's type."""
        projected: Tensor = self.projector(self.patch_tokens(pixel_values))
        return projected.to(self.language.model.embed_tokens.weight.dtype)

    def embed(self, input_ids: Tensor, images: Tensor) -> Tensor:
        """Token embeddings with the patches in their places.

        The id of a patch is beyond the table and is not looked up.

        Args:
            input_ids: int64 (B, T); each row has its P image ids side by side.
            images: from `image_embeddings`, (B, P, D).

        Returns:
            (B, T, D).

        Raises:
            ShapeError: a row has another number of image ids, or a gap between them, or there is not one picture a row.
        """
        places = input_ids == self.config.image_token_id
        width = self.config.language.hidden_size
        if tuple(images.shape) != (len(input_ids), PATCH_COUNT, width):
            raise ShapeError(
                f"images: expected one of shape ({PATCH_COUNT}, {width}) for each of {len(input_ids)} rows, "
                f"found {tuple(images.shape)}"
            )
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        for row, found in enumerate(places):
            where = positions[found]
            if len(where) != PATCH_COUNT or int(where[-1] - where[0]) != PATCH_COUNT - 1:
                raise ShapeError(
                    f"prompt {row}: expected {PATCH_COUNT} image tokens side by side, found {len(where)}"
                    f"{' with gaps' if len(where) == PATCH_COUNT else ''}; write the prompt with `prompts`"
                )
        looked_up = self.language.model.embed_tokens(input_ids.masked_fill(places, self.config.pad_id))
        return looked_up.masked_scatter(places[..., None], images.to(looked_up.dtype))

    def forward(
        self,
        input_ids: Tensor,
        images: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Logits, and the mean cross entropy of the labels where there are any.

        Args:
            input_ids, images: as for `embed`.
            attention_mask: int64 (B, T), 0 where a row is filled up; None for none.
            labels: int64 (B, T), -100 where nothing is to be learned.

        Returns:
            (B, T, V), and a scalar or None.
        """
        embeddings = self.embed(input_ids, images)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        logits: Tensor = self.language(
            inputs_embeds=embeddings, attention_mask=mask, position_ids=positions_of(mask), use_cache=False
        ).logits
        if labels is None:
            return logits, None
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=NOT_LEARNED)
        return logits, loss

    @contextmanager
    def without_adapters(self) -> Iterator[None]:
        """Within this, both encoders compute as they did before the adapters were trained."""
        layers = [module for module in self.modules() if isinstance(module, BaseTunerLayer)]
        for layer in layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)

    def train_only_small_parts(self) -> None:
        """Gradients for the adapters and the projector alone, as published."""
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(".lora_" in name or name.startswith("projector."))

    def renew_tables(self, device: torch.device) -> None:
        """Compute again what no checkpoint holds, for a model whose weights were set one by one."""
        self.language.model.rotary_emb = LlamaRotaryEmbedding(self.language.config).to(device)


def positions_of(attention_mask: Tensor) -> Tensor:
    """Position of each token among the real ones of its row; 1 where a row is filled up: int64 (B, T)."""
    return (attention_mask.long().cumsum(dim=1) - 1).masked_fill(attention_mask == 0, 1)


def adapter_config(config: ExpLlmConfig) -> LoraConfig:
    """The adapters that both encoders carry."""
    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type]  # its type says int; a number will do
        lora_dropout=config.dropout,
        target_modules=["q_proj", "v_proj"],
    )


def vision_config(config: ExpLlmConfig, attention: str = "sdpa") -> Dinov2Config:
    """DINOv2 without registers whose table of positions has the network's own size, so that it is never resampled."""
    sizes = config.vision
    return Dinov2Config(
        hidden_size=sizes.hidden_size,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        mlp_ratio=sizes.mlp_ratio,
        layer_norm_eps=sizes.layer_norm_eps,
        image_size=INPUT_PX,
        patch_size=PATCH_PX,
        qkv_bias=True,
        hidden_act="gelu",
        use_mask_token=False,
        attn_implementation=attention,
    )


def language_config(config: ExpLlmConfig, attention: str = "sdpa") -> LlamaConfig:
    """LLaMA with the sizes given."""
    sizes = config.language
    return LlamaConfig(
        vocab_size=sizes.vocab_size,
        hidden_size=sizes.hidden_size,
        intermediate_size=sizes.intermediate_size,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.kv_heads,
        rms_norm_eps=sizes.rms_norm_eps,
        max_position_embeddings=sizes.max_positions,
        rope_parameters={"rope_type": "default", "rope_theta": sizes.rope_theta},
        tie_word_embeddings=False,
        bos_token_id=config.bos_id,
        eos_token_id=config.eos_id,
        pad_token_id=config.pad_id,
        attn_implementation=attention,
    )
