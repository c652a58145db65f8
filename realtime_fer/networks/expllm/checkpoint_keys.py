"""The published tensor names, and where each goes.

The published file is the training's whole state: LLaMA under transformers' names, adapters under names of their own, DINOv2
under Meta's names with q, k and v in one matrix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.expllm.config import PATCH_PX, TABLE_GRID, ExpLlmConfig
from realtime_fer.networks.expllm.position_table import resampled_positions
from realtime_fer.networks.tensor_shapes import Shape, require_shapes

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

_DROPPED: Final = (
    # A buffer: computed from the sizes, and stored rounded in some files.
    re.compile(r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq"),
    # Of DINOv2's own training with hidden patches.
    re.compile(r"vision_model\.mask_token"),
)

_BLOCK: Final = {
    "attn.proj": "attention.o_proj",
    "ls1.gamma": "layer_scale1.lambda1",
    "ls2.gamma": "layer_scale2.lambda1",
}


def is_dropped(name: str) -> bool:
    """Whether a published tensor has no place in the network."""
    return any(pattern.fullmatch(name) for pattern in _DROPPED)


def published_shapes(config: ExpLlmConfig) -> dict[str, Shape]:
    """Every tensor that a published file must hold, by its published name; what may be dropped is not among them."""
    return _language_shapes(config) | _projector_shapes(config) | _vision_shapes(config)


def require_published(found: Mapping[str, Shape], config: ExpLlmConfig, what: str) -> None:
    """Raise unless these are exactly the published tensors; those that are dropped may be there or not.

    Args:
        found: shapes by published name.
        what: the folder, for the message.

    Raises:
        ModelCorruptError: tensors are missing or left over.
        ModelShapeError: one has another shape than the sizes say.
    """
    expected = published_shapes(config)
    kept = {name: tuple(shape) for name, shape in found.items() if not is_dropped(name)}
    require_shapes(kept, expected, what, is_it="is it a whole ExpLLM checkpoint, with its base weights?", sizes="the sizes")


def targets(name: str, config: ExpLlmConfig) -> tuple[str, ...]:
    """Our names for a published tensor: three for a fused q, k, v, none for one that is dropped.

    Raises:
        ModelCorruptError: it is no published name.
    """
    if is_dropped(name):
        return ()
    if name not in published_shapes(config):
        raise ModelCorruptError(f"{name}: is no tensor of ExpLLM at these sizes")
    return _targets(name, bool(config.rank))


def converted(name: str, value: Tensor, adapters: bool = True) -> dict[str, Tensor]:
    """A published tensor under our names.

    Args:
        name: a published name, checked before (`require_published`).
        value: as stored.
        adapters: whether the network carries adapters, which gives the layers beneath them another name.
    """
    if is_dropped(name):
        return {}
    if name == "vision_model.pos_embed":
        value = resampled_positions(value)
    names = _targets(name, adapters)
    # A copy: parts of one tensor would keep all of it in memory.
    if len(names) == 1:
        return {names[0]: value}
    return {target: part.clone() for target, part in zip(names, value.chunk(3), strict=True)}


def _targets(name: str, adapters: bool) -> tuple[str, ...]:
    family, _, rest = name.partition(".")
    if family == "mm_projector":
        return (f"projector.{rest}",)
    if family == "vision_model":
        return tuple(f"vision.{_under(new, adapters)}" for new in _vision_names(rest))
    return (f"language.{_under(name, adapters)}",)


def _under(name: str, adapters: bool) -> str:
    """With adapters, the weight of an adapted layer is beneath it, and each adapter has a name ("default")."""
    owner, _, last = name.rpartition(".")
    if last in ("lora_A", "lora_B"):
        return f"{name}.default.weight"
    if adapters and owner.endswith(("q_proj", "v_proj")):
        return f"{owner}.base_layer.{last}"
    return name


def _vision_names(name: str) -> tuple[str, ...]:
    """Transformers' names for one of Meta's, adapters not yet considered."""
    fixed = {
        "cls_token": "embeddings.cls_token",
        "pos_embed": "embeddings.position_embeddings",
        "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
        "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
        "norm.weight": "layernorm.weight",
        "norm.bias": "layernorm.bias",
    }
    if name in fixed:
        return (fixed[name],)
    _, number, rest = name.split(".", 2)
    layer = f"encoder.layer.{number}"
    if match := re.fullmatch(r"attn\.lora_([AB])_([qv])", rest):
        return (f"{layer}.attention.{match[2]}_proj.lora_{match[1]}",)
    if match := re.fullmatch(r"attn\.qkv\.(weight|bias)", rest):
        return tuple(f"{layer}.attention.{part}_proj.{match[1]}" for part in "qkv")
    for theirs, ours in _BLOCK.items():
        if rest.startswith(theirs):
            return (f"{layer}.{ours}{rest.removeprefix(theirs)}",)
    return (f"{layer}.{rest}",)


def _language_shapes(config: ExpLlmConfig) -> dict[str, Shape]:
    sizes, rank = config.language, config.rank
    width, inner = sizes.hidden_size, sizes.intermediate_size
    kv_width = width // sizes.heads * sizes.kv_heads
    shapes: dict[str, Shape] = {"model.embed_tokens.weight": (sizes.vocab_size, width)}
    for number in range(sizes.layers):
        layer = f"model.layers.{number}"
        for part, out in (("q", width), ("k", kv_width), ("v", kv_width), ("o", width)):
            shapes[f"{layer}.self_attn.{part}_proj.weight"] = (out, width)
            if rank and part in "qv":
                shapes[f"{layer}.self_attn.{part}_proj.lora_A"] = (rank, width)
                shapes[f"{layer}.self_attn.{part}_proj.lora_B"] = (out, rank)
        shapes[f"{layer}.mlp.gate_proj.weight"] = shapes[f"{layer}.mlp.up_proj.weight"] = (inner, width)
        shapes[f"{layer}.mlp.down_proj.weight"] = (width, inner)
        shapes[f"{layer}.input_layernorm.weight"] = shapes[f"{layer}.post_attention_layernorm.weight"] = (width,)
    return shapes | {"model.norm.weight": (width,), "lm_head.weight": (sizes.vocab_size, width)}


def _projector_shapes(config: ExpLlmConfig) -> dict[str, Shape]:
    inside, width = config.vision.hidden_size, config.language.hidden_size
    return {
        "mm_projector.0.weight": (width, inside),
        "mm_projector.0.bias": (width,),
        "mm_projector.2.weight": (width, width),
        "mm_projector.2.bias": (width,),
    }


def _vision_shapes(config: ExpLlmConfig) -> dict[str, Shape]:
    sizes, rank = config.vision, config.rank
    width, inner = sizes.hidden_size, sizes.hidden_size * sizes.mlp_ratio
    shapes: dict[str, Shape] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + TABLE_GRID**2, width),
        "patch_embed.proj.weight": (width, 3, PATCH_PX, PATCH_PX),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for number in range(sizes.layers):
        block: dict[str, Shape] = {
            "attn.qkv.weight": (3 * width, width),
            "attn.qkv.bias": (3 * width,),
            "attn.proj.weight": (width, width),
            "attn.proj.bias": (width,),
            "ls1.gamma": (width,),
            "ls2.gamma": (width,),
            "mlp.fc1.weight": (inner, width),
            "mlp.fc1.bias": (inner,),
            "mlp.fc2.weight": (width, inner),
            "mlp.fc2.bias": (width,),
        }
        block |= {f"{norm}.{end}": (width,) for norm in ("norm1", "norm2") for end in ("weight", "bias")}
        if rank:
            block |= {f"attn.lora_A_{part}": (rank, width) for part in "qv"}
            block |= {f"attn.lora_B_{part}": (width, rank) for part in "qv"}
        shapes |= {f"blocks.{number}.{name}": shape for name, shape in block.items()}
    return {f"vision_model.{name}": shape for name, shape in shapes.items()}
