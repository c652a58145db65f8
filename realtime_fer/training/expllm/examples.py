"""Faces with their labels and descriptions to the tensors of a micro-batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from realtime_fer.datasets.expllm_picture import read_expllm_picture
from realtime_fer.datasets.expllm_records import ExpLlmFace, ExpLlmRecord
from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.image_processor import resized
from realtime_fer.networks.expllm.prompts import DESCRIPTION, EXPRESSION, Turn
from realtime_fer.networks.expllm.tokenizer import NOT_LEARNED, ExpLlmTokenizer
from realtime_fer.training.expllm.augmentation import augmented, erased, normalised
from realtime_fer.training.expllm.recipe import ExpLlmRecipe
from realtime_fer.training.vlm.order import Draw

try:
    import torch
    from torch import Tensor
    from torch.nn.utils.rnn import pad_sequence
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error

PADDING_ID = 0


class ExpLlmExample(NamedTuple):
    """One conversation.

    Attributes:
        input_ids, labels: int64, shape (T,); see `ExpLlmTokenizer.training_example`.
        pixel_values: float32, shape (3, 224, 224).
    """

    input_ids: Tensor
    labels: Tensor
    pixel_values: Tensor


class ExpLlmBatch(NamedTuple):
    """B conversations, rows padded on the right to the longest.

    Attributes:
        input_ids, labels, attention_mask: int64, shape (B, T); the mask is 0 where a row is filled up.
        pixel_values: float32, shape (B, 3, 224, 224).
    """

    input_ids: Tensor
    labels: Tensor
    attention_mask: Tensor
    pixel_values: Tensor

    def to(self, device: torch.device) -> ExpLlmBatch:
        """The same on a device."""
        return ExpLlmBatch(*(value.to(device, non_blocking=True) for value in self))


class ExpLlmExamples:
    """A data set for torch's loader; pictures are read when they are asked for.

    Args:
        faces: what is shown.
        tokenizer: of the checkpoint.
        recipe: order of questions, augmentation, longest conversation, and seed.
    """

    def __init__(self, faces: Sequence[ExpLlmFace], tokenizer: ExpLlmTokenizer, recipe: ExpLlmRecipe) -> None:
        self._faces = faces
        self._tokenizer = tokenizer
        self._recipe = recipe

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, draw: Draw) -> ExpLlmExample:
        """One face; what is random about it depends on the draw alone.

        Raises:
            DatasetError: its picture cannot be read.
        """
        recipe, face = self._recipe, self._faces[draw.record]
        chance = draw.generator(recipe.seed)
        tokens = self._tokenizer.training_example(turns_of(face.record, recipe, chance))
        picture = resized(read_expllm_picture(face.picture))
        pixels = erased(normalised(augmented(picture, chance)), chance) if recipe.augmentation else normalised(picture)
        return ExpLlmExample(
            torch.tensor(tokens.input_ids[: recipe.max_tokens]), torch.tensor(tokens.labels[: recipe.max_tokens]), pixels
        )


def turns_of(record: ExpLlmRecord, recipe: ExpLlmRecipe, chance: np.random.Generator) -> list[Turn]:
    """What is asked about a face, and the answers: the description and then the label, or in an order drawn at random."""
    answers = ((DESCRIPTION, record.description), (EXPRESSION, record.label))
    turns = [Turn(task, answer) for task, answer in answers if answer is not None]
    if recipe.questions == "random" and chance.random() < 0.5:
        turns.reverse()
    return turns


def collate(examples: Sequence[ExpLlmExample]) -> ExpLlmBatch:
    """Conversations side by side."""
    return ExpLlmBatch(
        pad_sequence([example.input_ids for example in examples], True, PADDING_ID),
        pad_sequence([example.labels for example in examples], True, NOT_LEARNED),
        pad_sequence([torch.ones_like(example.input_ids) for example in examples], True),
        torch.stack([example.pixel_values for example in examples]),
    )
