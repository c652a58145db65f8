"""How far the model's words are from the crowd's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.networks.chain_of_affect_tiny.chat import END_OF_TURN, FaceQuestion, answer_ids, face_question
from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny
from realtime_fer.training.chain_of_affect_tiny.lessons import Lesson
from realtime_fer.training.chain_of_affect_tiny.questions import FIRST_WORDINGS, LABELS, SECOND_WORDINGS, second_wording

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training chain-of-affect-tiny", "train", error) from error

END_SHARE: Final = 0.1
"""Weight of the token that ends an answer: learned within a few steps, and the same after every label."""


class Questions:
    """All questions as token ids on a device.

    Args:
        tokenizer: of the model.

    Raises:
        ModelShapeError: a label is several tokens, or one wording has different lengths for different labels.
    """

    def __init__(self, tokenizer: BytePairTokenizer, device: str) -> None:
        first = [[face_question(tokenizer, text)] for text in FIRST_WORDINGS]
        second = [
            [face_question(tokenizer, second_wording(number, label)) for label in LABELS.first]
            for number in range(len(SECOND_WORDINGS))
        ]
        self._device = device
        self._before = torch.tensor(first[0][0].before, device=device)
        self._first = [_table(asked, device) for asked in first]
        self._second = [_table(asked, device) for asked in second]
        self.answers = torch.tensor(answer_ids(tokenizer, LABELS.every), device=device)
        self.end = tokenizer.special_id(END_OF_TURN)

    def first(self, wording: int, count: int) -> tuple[Tensor, Tensor]:
        """The first question for so many faces: ids before (N, A) and after (N, B) the vectors."""
        return self._before.expand(count, -1), self._first[wording].expand(count, -1)

    def second(self, wording: int, told: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The second question, naming the label `told` (N,) for each face."""
        return self._before.expand(len(told), -1), self._second[wording][torch.from_numpy(told).to(self._device)]


def lesson_losses(model: ChainOfAffectTiny, vectors: Tensor, lesson: Lesson, questions: Questions) -> dict[str, Tensor]:
    """Losses of one batch, given the vectors of its faces (B, V, H): the whole, and its parts."""
    count = len(lesson.rows)
    weights = torch.from_numpy(lesson.weights).to(vectors.device)
    asked = (
        ("first", questions.first(lesson.first_wording, count), lesson.first_shares, lesson.first_said),
        ("second", questions.second(lesson.second_wording, lesson.told), lesson.second_shares, lesson.second_said),
    )
    parts: dict[str, Tensor] = {}
    end = torch.zeros((), device=vectors.device)
    for name, (before, after), shares, said in asked:
        answer = questions.answers[torch.from_numpy(said).to(vectors.device)]
        logits = model.read(before, vectors, torch.cat([after, answer[:, None]], dim=1), last=2).float()
        parts[name] = _weighted(-word_likelihoods(logits[:, 0], shares, questions.answers), weights)
        end = end + _weighted(-functional.log_softmax(logits[:, 1], dim=1)[:, questions.end], weights)
    return {"loss": parts["first"] + parts["second"] + END_SHARE * end, **parts, "end": end}


def word_likelihoods(logits: Tensor, shares: npt.NDArray[np.float32], answers: Tensor) -> Tensor:
    """Mean log-probability, over the crowd, of the word that each tagger would say.

    Every other word of the vocabulary counts as wrong: the labels alone are not enough to learn to speak.

    Shapes: logits (N, W), shares (N, L), answers (L,) -> (N,).
    """
    said = functional.log_softmax(logits, dim=1)[:, answers]
    mean: Tensor = (torch.from_numpy(shares).to(logits.device) * said).sum(dim=1)
    return mean


def _weighted(values: Tensor, weights: Tensor) -> Tensor:
    return (weights * values).sum() / weights.sum()


def _table(asked: Sequence[FaceQuestion], device: str) -> Tensor:
    lengths = {len(question.after) for question in asked}
    if len(lengths) != 1:
        raise ModelShapeError(f"questions: expected one length for every label, found {sorted(lengths)} tokens")
    return torch.tensor([question.after for question in asked], device=device)
