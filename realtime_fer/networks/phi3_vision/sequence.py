"""What a model has read so far, with its cache: can be read on, and rewound to an earlier point."""

from __future__ import annotations

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.phi3_vision.model import Phi3Vision

try:
    import torch
    from torch import Tensor
    from transformers import DynamicCache
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class TokenSequence:
    """B rows read in step.

    The model turns to other rotary frequencies where a text grows past `original_max_positions` keys. Cached keys are then
    wrong, and everything is read again, from the embeddings kept here, so that the answer does not depend on how the text was
    cut into calls.

    Shapes: B rows, n new tokens, D channels.
    """

    def __init__(self, model: Phi3Vision) -> None:
        self._model = model
        self._cache = DynamicCache()
        self._embeddings: Tensor | None = None
        self._mask: Tensor | None = None
        self._cached_long = False

    @property
    def length(self) -> int:
        """Tokens read, padding included."""
        return 0 if self._embeddings is None else int(self._embeddings.shape[1])

    @property
    def cache(self) -> DynamicCache:
        """Keys (rotated) and values of every layer."""
        return self._cache

    def extend(self, embeddings: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Read on: embeddings (B, n, D) -> hidden states of the new tokens (B, n, D).

        Args:
            embeddings: n >= 1 tokens of each row.
            attention_mask: (B, n), 0 where padded; only for the first call. None where nothing is padded.

        Raises:
            ShapeError: another number of rows than before, no token, or a mask that comes late or does not fit.
        """
        rows, new = embeddings.shape[:2]
        before = self.length
        if new < 1 or (self._embeddings is not None and len(self._embeddings) != rows):
            raise ShapeError(f"sequence of {before} tokens: cannot read {new} more in {rows} rows")
        if attention_mask is not None:
            if before or tuple(attention_mask.shape) != (rows, new):
                raise ShapeError(
                    f"sequence: a mask of shape {tuple(attention_mask.shape)} after {before} tokens; "
                    f"expected {(rows, new)} at the start"
                )
            self._mask = attention_mask.to(embeddings.device)
        elif self._mask is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(rows, new)], dim=1)
        self._embeddings = embeddings if self._embeddings is None else torch.cat([self._embeddings, embeddings], dim=1)
        rope = self._model.rope
        if before and rope.is_long(before + new) != self._cached_long:
            self._cache = DynamicCache()
            embeddings = self._embeddings
        self._cached_long = rope.is_long(before + new)
        return self._model.hidden_states(embeddings, self._mask, self._cache)[:, -new:]

    def rewind(self, length: int) -> None:
        """Forget everything after the first `length` tokens.

        Raises:
            ShapeError: fewer were read.
        """
        if not 0 <= length <= self.length:
            raise ShapeError(f"sequence of {self.length} tokens: cannot be rewound to {length}")
        dropped = self.length - length
        if self._embeddings is None or not dropped:
            return
        self._embeddings = self._embeddings[:, :length] if length else None
        self._mask = self._mask[:, :length] if self._mask is not None and length else None
        if length:
            self._cache.crop(-dropped)
        else:
            self._cache = DynamicCache()
