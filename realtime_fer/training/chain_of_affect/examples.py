"""Records to the tensors of a micro-batch, as the published training builds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from realtime_fer.datasets.chain_records import ChainRecord
from realtime_fer.datasets.picture_file import read_picture
from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.image_processor import tile_pictures
from realtime_fer.networks.phi3_vision.tokenizer import NOT_LEARNED, Phi3VisionTokenizer
from realtime_fer.training.vlm.order import Draw

try:
    import torch
    from torch import Tensor
    from torch.nn.utils.rnn import pad_sequence
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error

PADDING_ID: Final = 0
"""Fills up shorter rows on the right. Nothing in front of it can see it, and it is not learned, so that any id will do."""


class ChainExample(NamedTuple):
    """One record.

    Attributes:
        input_ids, labels: int64, shape (L,); see `Phi3VisionTokenizer.training_example`.
        pixel_values: float32, shape (1, T, 3, 336, 336).
        image_sizes: int64, shape (1, 2), pixels.
    """

    input_ids: Tensor
    labels: Tensor
    pixel_values: Tensor
    image_sizes: Tensor


class ChainBatch(NamedTuple):
    """B records; the shapes of `ChainExample` with B for 1, rows padded on the right to the longest."""

    input_ids: Tensor
    labels: Tensor
    pixel_values: Tensor
    image_sizes: Tensor

    def to(self, device: torch.device) -> ChainBatch:
        """The same on a device."""
        return ChainBatch(*(value.to(device, non_blocking=True) for value in self))


class ChainExamples:
    """A data set for torch's loader; pictures are read when they are asked for.

    Args:
        records: what is asked.
        paths: where the pictures are, by `ChainRecord.image`.
        tokenizer: of the checkpoint.
        num_crops: tiles at most a picture.
    """

    def __init__(
        self, records: Sequence[ChainRecord], paths: Mapping[str, Path], tokenizer: Phi3VisionTokenizer, num_crops: int
    ) -> None:
        self._records = records
        self._paths = paths
        self._tokenizer = tokenizer
        self._num_crops = num_crops

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, draw: Draw) -> ChainExample:
        """One record; nothing about it is random.

        Raises:
            DatasetError: its picture cannot be read.
        """
        record = self._records[draw.record]
        tiled = tile_pictures([read_picture(self._paths[record.image])], self._num_crops)
        tokens = self._tokenizer.training_example(record.conversation(), tiled.token_counts)
        return ChainExample(torch.tensor(tokens.input_ids), torch.tensor(tokens.labels), tiled.pixel_values, tiled.image_sizes)


def collate(examples: Sequence[ChainExample]) -> ChainBatch:
    """Records side by side."""
    return ChainBatch(
        pad_sequence([example.input_ids for example in examples], True, PADDING_ID),
        pad_sequence([example.labels for example in examples], True, NOT_LEARNED),
        torch.cat([example.pixel_values for example in examples]),
        torch.cat([example.image_sizes for example in examples]),
    )
