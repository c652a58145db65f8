"""Faces with their captions to the tensors of a micro-batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from realtime_fer.datasets.exp_blip_captions import CaptionedFace
from realtime_fer.datasets.picture_file import read_picture
from realtime_fer.errors import missing_extra
from realtime_fer.networks.exp_blip.preprocessing import normalise, scale
from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes
from realtime_fer.networks.exp_blip.text_processing import stage_two_text
from realtime_fer.networks.exp_blip.tokenizer import OptTokenizer
from realtime_fer.training.exp_blip.augmentation import augmented
from realtime_fer.training.exp_blip.recipe import ExpBlipRecipe
from realtime_fer.training.vlm.order import Draw

try:
    import torch
    from torch import Tensor
    from torch.nn.utils.rnn import pad_sequence
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error


class CaptionExample(NamedTuple):
    """One face with its caption: float32 (3, S, S) and int64 (L,)."""

    pixels: Tensor
    text_ids: Tensor


class CaptionBatch(NamedTuple):
    """B faces with their captions, filled up on the right to the longest.

    Attributes:
        pixels: float32 (B, 3, S, S).
        text_ids, text_mask: int64 (B, L); the mask is 0 where a caption is filled up.
    """

    pixels: Tensor
    text_ids: Tensor
    text_mask: Tensor

    def to(self, device: torch.device) -> CaptionBatch:
        """The same on a device."""
        return CaptionBatch(*(value.to(device, non_blocking=True) for value in self))


class CaptionExamples:
    """A data set for torch's loader; pictures are read when they are asked for.

    Args:
        faces: what is shown.
        tokenizer: of OPT.
        sizes: of the network.
        recipe: augmentation, longest caption, and seed.
    """

    def __init__(
        self, faces: Sequence[CaptionedFace], tokenizer: OptTokenizer, sizes: ExpBlipSizes, recipe: ExpBlipRecipe
    ) -> None:
        self._faces = faces
        self._tokenizer = tokenizer
        self._side_px = sizes.image_px
        self._recipe = recipe

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, draw: Draw) -> CaptionExample:
        """One face; what is random about it depends on the draw alone.

        Raises:
            DatasetError: its picture cannot be read.
        """
        face, recipe = self._faces[draw.record], self._recipe
        picture = read_picture(face.picture)
        if recipe.augmentation:
            shown = augmented(picture, self._side_px, draw.generator(recipe.seed))
        else:
            shown = scale(picture, self._side_px)
        ids = caption_ids(face.record.caption, self._tokenizer, recipe)[: recipe.max_tokens]
        return CaptionExample(normalise(shown), torch.tensor(ids))


def caption_ids(caption: str, tokenizer: OptTokenizer, recipe: ExpBlipRecipe) -> list[int]:
    """A caption with what begins and ends it, however long."""
    return tokenizer.prompt_ids(stage_two_text(caption, recipe.max_words))


def cut_captions(faces: Sequence[CaptionedFace], tokenizer: OptTokenizer, recipe: ExpBlipRecipe) -> int:
    """How many captions lose their end to `recipe.max_tokens`."""
    return sum(len(caption_ids(face.record.caption, tokenizer, recipe)) > recipe.max_tokens for face in faces)


class Collate:
    """Puts examples side by side; a class, so that other processes can be handed it.

    Args:
        pad_id: fills captions up.
    """

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, examples: Sequence[CaptionExample]) -> CaptionBatch:
        ids = [example.text_ids for example in examples]
        return CaptionBatch(
            torch.stack([example.pixels for example in examples]),
            pad_sequence(ids, True, self._pad_id),
            pad_sequence([torch.ones_like(row) for row in ids], True),
        )
