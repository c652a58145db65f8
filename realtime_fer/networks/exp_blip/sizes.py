"""Every size of the published network, and whether they go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from realtime_fer.errors import ShapeError


@dataclass(frozen=True, slots=True)
class ExpBlipSizes:
    """Sizes of the three parts; the defaults are the published ones.

    Attributes:
        image_px, patch_px: side of the picture and of a patch, pixels.
        vision_hidden, vision_intermediate, vision_layers, vision_heads: of the image encoder (EVA ViT-g).
        vision_norm_eps: of its own norms.
        ln_vision_eps: of the norm behind it, which is another one.
        qformer_hidden, qformer_intermediate, qformer_layers, qformer_heads, qformer_norm_eps: of the Q-Former (BERT-base).
        cross_attention_every: layers 0, this, twice this, ... look at the image.
        queries: learned queries, and image vectors that the language model reads.
        bert_words, bert_positions: of the first stage's text input.
        bert_pad_id, bert_decode_id: fills a text up; begins a text that is to be written.
        matching_hidden: width in which the first stage compares faces and texts.
        opt_hidden, opt_intermediate, opt_layers, opt_heads, opt_words, opt_positions: of the language model (OPT-6.7B).
        opt_begin_id, opt_pad_id, opt_end_id: `</s>`, which begins every text; the filler; "\\n", which ends a caption.
        image_token_id: a row of the embedding that no text uses; for programs that mark image vectors by an id.
    """

    image_px: int = 224
    patch_px: int = 14
    vision_hidden: int = 1408
    vision_intermediate: int = 6144
    vision_layers: int = 39
    vision_heads: int = 16
    vision_norm_eps: float = 1e-6
    ln_vision_eps: float = 1e-5
    qformer_hidden: int = 768
    qformer_intermediate: int = 3072
    qformer_layers: int = 12
    qformer_heads: int = 12
    qformer_norm_eps: float = 1e-12
    cross_attention_every: int = 2
    queries: int = 32
    bert_words: int = 30523
    bert_positions: int = 512
    bert_pad_id: int = 0
    bert_decode_id: int = 30522
    matching_hidden: int = 256
    opt_hidden: int = 4096
    opt_intermediate: int = 16384
    opt_layers: int = 32
    opt_heads: int = 32
    opt_words: int = 50272
    opt_positions: int = 2048
    opt_begin_id: int = 2
    opt_pad_id: int = 1
    opt_end_id: int = 50118
    image_token_id: int = 50265

    def __post_init__(self) -> None:
        for whole, part in (
            ("image_px", "patch_px"),
            ("vision_hidden", "vision_heads"),
            ("qformer_hidden", "qformer_heads"),
            ("opt_hidden", "opt_heads"),
        ):
            size, divisor = getattr(self, whole), getattr(self, part)
            if divisor < 1 or size < 1 or size % divisor:
                raise ShapeError(f"sizes: expected {whole} to be a multiple of {part}, found {size} and {divisor}")
        for name in ("opt_begin_id", "opt_pad_id", "opt_end_id", "image_token_id"):
            if not 0 <= getattr(self, name) < self.opt_words:
                raise ShapeError(f"sizes: expected {name} below opt_words = {self.opt_words}, found {getattr(self, name)}")

    @property
    def image_tokens(self) -> int:
        """Vectors of the image encoder: one a patch, and one for the whole."""
        patches: int = (self.image_px // self.patch_px) ** 2
        return patches + 1


PUBLISHED: Final = ExpBlipSizes()
"""ViT-g/14 at 224 pixels with OPT-6.7B, as released."""
