"""Names of the authors' files (as LAVIS writes them) for every tensor of our two networks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

# First rule that fits. Ours on the left, without the `blip.` in front; theirs on the right.
_RULES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"vision_model\.embeddings\.class_embedding", "visual_encoder.cls_token"),
        (r"vision_model\.embeddings\.position_embedding", "visual_encoder.pos_embed"),
        (r"vision_model\.embeddings\.patch_embedding\.", "visual_encoder.patch_embed.proj."),
        (r"vision_model\.encoder\.layers\.(\d+)\.layer_norm([12])\.", r"visual_encoder.blocks.\1.norm\2."),
        (r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.projection\.", r"visual_encoder.blocks.\1.attn.proj."),
        (r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.qkv\.", r"visual_encoder.blocks.\1.attn.qkv."),
        (r"vision_model\.encoder\.layers\.(\d+)\.mlp\.", r"visual_encoder.blocks.\1.mlp."),
        (r"vision_model\.post_layernorm\.", "ln_vision."),
        (r"qformer\.layernorm\.", "Qformer.bert.embeddings.LayerNorm."),
        (
            r"qformer\.encoder\.layer\.(\d+)\.(attention|crossattention)\.attention\.",
            r"Qformer.bert.encoder.layer.\1.\2.self.",
        ),
        (r"qformer\.encoder\.", "Qformer.bert.encoder."),
        (r"embeddings\.(word|position)_embeddings\.", r"Qformer.bert.embeddings.\1_embeddings."),
        (r"vision_projection\.", "vision_proj."),
        (r"text_projection\.", "text_proj."),
        (r"language_projection\.", "opt_proj."),
        (r"language_model\.", "opt_model."),
        (r"writing_head\.", "Qformer.cls.predictions."),
        (r"temperature$", "temp"),
    )
)

_QKV_BIAS: Final = re.compile(r"(visual_encoder\.blocks\.\d+\.attn\.)qkv\.bias$")

OPT_PREFIX: Final = "opt_model."
"""Tensors of the frozen language model, which the "trimmed" files may leave out."""

WITHOUT_WEIGHTS: Final = re.compile(r"Qformer\.bert\.embeddings\.position_ids$")
"""Stored, but only counts upwards."""


class Place(NamedTuple):
    """Where a stored tensor goes.

    Attributes:
        name: of our tensor.
        part: which third of it along the first axis; None for all of it.
        shape: that the stored tensor must have.
    """

    name: str
    part: int | None
    shape: tuple[int, ...]


def published_name(name: str) -> str:
    """The published name of one of our tensors; the query and value biases of the image encoder share a tensor here."""
    name = name.removeprefix("blip.")
    for pattern, replacement in _RULES:
        renamed, changes = pattern.subn(replacement, name, count=1) if pattern.match(name) else (name, 0)
        if changes:
            return renamed
    return name


def places(shapes: Mapping[str, tuple[int, ...]], tied: Iterable[str] = ()) -> dict[str, Place]:
    """Every stored tensor that a network needs, by its published name.

    The image encoder has no bias for its keys: of the three thirds of our bias the middle one has no source and stays zero.

    Args:
        shapes: our tensors.
        tied: of these, second names of tensors that go by another name too; they are left out.
    """
    skipped = set(tied)
    found = {}
    for name, shape in shapes.items():
        if name in skipped:
            continue
        theirs = published_name(name)
        if bias := _QKV_BIAS.match(theirs):
            third = (shape[0] // 3,)
            found[f"{bias[1]}q_bias"] = Place(name, 0, third)
            found[f"{bias[1]}v_bias"] = Place(name, 2, third)
        else:
            found[theirs] = Place(name, None, tuple(shape))
    return found
