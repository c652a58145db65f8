"""What the two stages of Exp-BLIP learn by."""

from __future__ import annotations

from typing import Final

from realtime_fer.errors import ShapeError, missing_extra

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

LABEL_SMOOTHING: Final = 0.1
"""Of both losses of the first stage; the second has none."""


def captioning_loss(logits: Tensor, text_ids: Tensor, text_mask: Tensor) -> Tensor:
    """Second stage: mean cross entropy of the next token over all real tokens of the captions.

    The id that begins a text is learned too, from the last image vector; the image vectors themselves are not.

    Args:
        logits: (B, P + L, V), P image vectors first.
        text_ids: (B, L).
        text_mask: (B, L), 0 where a text is filled up.

    Raises:
        ShapeError: the shapes do not go together, or there is no image vector.

    Source: loss of `Blip2OPT` of the authors' code.
    """
    length = text_ids.shape[1]
    if logits.shape[1] <= length or logits.shape[0] != text_ids.shape[0] or text_mask.shape != text_ids.shape:
        raise ShapeError(
            f"logits: expected (B, P + L, V) for text_ids (B, L) and text_mask (B, L), found {tuple(logits.shape)}, "
            f"{tuple(text_ids.shape)} and {tuple(text_mask.shape)}"
        )
    before = logits[:, -length - 1 : -1]
    return functional.cross_entropy(before[text_mask.bool()], text_ids[text_mask.bool()])


def contrastive_loss(similarity: Tensor, temperature: Tensor) -> Tensor:
    """First stage: each face finds its text among B, and each text its face; the mean of both.

    Args:
        similarity: (B, B) cosines, faces by texts; pairs on the diagonal.
        temperature: what they are divided by.

    Raises:
        ShapeError: `similarity` is not square.
    """
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise ShapeError(f"similarity: expected (B, B), found {tuple(similarity.shape)}")
    scaled = similarity / temperature
    pairs = torch.arange(len(scaled), device=scaled.device)
    both = [functional.cross_entropy(rows, pairs, label_smoothing=LABEL_SMOOTHING) for rows in (scaled, scaled.T)]
    return (both[0] + both[1]) / 2


def writing_loss(logits: Tensor, text_ids: Tensor, pad_id: int) -> Tensor:
    """First stage: mean cross entropy of each token of a text, given the face and the tokens before.

    Args:
        logits: (B, L, V).
        text_ids: (B, L); the first id is given and not learned.
        pad_id: fills texts up; not learned.

    Raises:
        ShapeError: the shapes do not go together.
    """
    if logits.shape[:2] != text_ids.shape:
        raise ShapeError(f"logits: expected {tuple(text_ids.shape)} and words, found {tuple(logits.shape)}")
    learned = text_ids[:, 1:] != pad_id
    return functional.cross_entropy(logits[:, :-1][learned], text_ids[:, 1:][learned], label_smoothing=LABEL_SMOOTHING)
