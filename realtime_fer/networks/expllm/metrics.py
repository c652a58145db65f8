"""The published score of ExpLLM's labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from realtime_fer.errors import ShapeError
from realtime_fer.networks.expllm.answer import label_of


class LabelScore(NamedTuple):
    """How many answers were right.

    Attributes:
        total: answers.
        not_a_label: of these, no label at all; they count as wrong.
        accuracy: right ones over all, in [0, 1].
    """

    total: int
    not_a_label: int
    accuracy: float


def score_labels(answers: Sequence[str], truth: Sequence[str]) -> LabelScore:
    """Accuracy with exact words.

    Args:
        answers: as written, one a picture.
        truth: labels, same order.

    Raises:
        ShapeError: the lengths differ, there is none, or a true label is unknown.
    """
    if len(answers) != len(truth) or not truth:
        raise ShapeError(f"labels: expected as many answers as labels and at least one, found {len(answers)} and {len(truth)}")
    unknown = sorted({label for label in truth if label_of(label) != label})
    if unknown:
        raise ShapeError(f"labels: {unknown[0]!r} is no label of ExpLLM; expected its spelling, as in prompts.LABELS")
    words = [label_of(answer) for answer in answers]
    right = sum(word == label for word, label in zip(words, truth, strict=True))
    return LabelScore(len(truth), words.count(None), right / len(truth))
