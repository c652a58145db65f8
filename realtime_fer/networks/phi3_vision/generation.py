"""Greedy decoding, one token of every row at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.phi3_vision.sequence import TokenSequence

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error


class Step(NamedTuple):
    """One generated token of each row.

    Attributes:
        logits: float32, shape (B, V), that it was chosen by.
        token_ids: int64, shape (B,).
    """

    logits: Tensor
    token_ids: Tensor


def greedy_steps(model: Phi3Vision, sequence: TokenSequence, hidden: Tensor) -> Iterator[Step]:
    """The likeliest next token, then the one after it, without end; computed as they are asked for.

    Args:
        model: that read the sequence.
        sequence: what was read; it grows by each token but the newest.
        hidden: hidden states of its newest tokens, (B, n, D).
    """
    while True:
        logits = model.logits(hidden[:, -1])
        token_ids = logits.argmax(dim=-1)
        yield Step(logits, token_ids)
        hidden = sequence.extend(model.embed(token_ids[:, None]))


def generate(
    model: Phi3Vision,
    sequence: TokenSequence,
    hidden: Tensor,
    *,
    stop_ids: Collection[int],
    max_new_tokens: int,
) -> list[list[int]]:
    """Answer each row, up to its first stop token, which is left out.

    Args:
        model, sequence, hidden: as for `greedy_steps`.
        stop_ids: tokens that end a row.
        max_new_tokens: at most so many a row.

    Returns:
        Token ids, one list a row.
    """
    rows: list[list[int]] = [[] for _ in range(len(hidden))]
    open_rows = set(range(len(rows)))
    steps = greedy_steps(model, sequence, hidden)
    for _ in range(max_new_tokens):
        if not open_rows:
            break
        for row, token in enumerate(next(steps).token_ids.tolist()):
            if row in open_rows and token in stop_ids:
                open_rows.discard(row)
            elif row in open_rows:
                rows[row].append(token)
    return rows
