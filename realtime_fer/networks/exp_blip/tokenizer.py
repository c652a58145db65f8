"""Text to the ids of OPT, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError, missing_extra
from realtime_fer.networks.exp_blip.text_processing import END_MARK, stage_two_text

try:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

BEGIN: Final = "</s>"
"""Begins every text, though its name says otherwise; id 2."""
PAD: Final = "<pad>"
SPECIAL: Final = ("<s>", PAD, BEGIN, "<unk>")

MAX_TRAINING_TOKENS: Final = 32
"""Of a caption, as the released configuration cuts it; the published captions are longer, so it was not trained that way."""


class OptTokenizer:
    """OPT's byte-level byte pairs.

    Args:
        tokenizer: that turns text into ids without adding any.

    Raises:
        ModelShapeError: the ids that generation needs are unknown to it.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.begin_id = self._single(BEGIN, tokenizer.token_to_id(BEGIN))
        self.pad_id = self._single(PAD, tokenizer.token_to_id(PAD))
        ends = tokenizer.encode(END_MARK, add_special_tokens=False).ids
        self.end_id = self._single("line feed", ends[0] if len(ends) == 1 else None)

    @classmethod
    def from_folder(cls, folder: Path) -> OptTokenizer:
        """Read vocab.json and merges.txt of facebook/opt-6.7b (any size of OPT has the same).

        Raises:
            ModelNotFoundError: a file is missing.
            ModelCorruptError: one cannot be read.
            ModelShapeError: as for the class.
        """
        return cls(cls.library_tokenizer(folder))

    @classmethod
    def library_tokenizer(cls, folder: Path) -> Tokenizer:
        """The same as the library has it.

        Raises:
            ModelNotFoundError, ModelCorruptError: as `from_folder`.
        """
        paths = [folder / "vocab.json", folder / "merges.txt"]
        for path in paths:
            if not path.is_file():
                raise ModelNotFoundError(f"{path}: no such file; vocab.json and merges.txt of facebook/opt-6.7b are needed")
        try:
            vocabulary = {str(token): int(number) for token, number in json.loads(paths[0].read_text(encoding="utf-8")).items()}
            lines = paths[1].read_text(encoding="utf-8").split("\n")
            merges = [_pair(line) for line in lines if line.strip() and not line.startswith("#version")]
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise ModelCorruptError(
                f"{folder}: vocab.json or merges.txt is no vocabulary ({error}); fetch both again"
            ) from error
        return cls._joined(vocabulary, merges)

    @classmethod
    def from_pairs(cls, vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> OptTokenizer:
        """From tokens with their ids, and pairs in the order they are joined.

        Raises:
            ModelCorruptError: a pair joins what is no token.
            ModelShapeError: as for the class.
        """
        return cls(cls._joined(vocabulary, merges))

    @staticmethod
    def _joined(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
        try:
            tokenizer = Tokenizer(models.BPE(vocabulary, merges))
        except Exception as error:  # the library raises plain Exception
            raise ModelCorruptError(f"vocabulary and merges do not go together ({error}); fetch both again") from error
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([token for token in SPECIAL if token in vocabulary])
        return tokenizer

    def prompt_ids(self, text: str = "") -> list[int]:
        """What generation goes on from: the beginning and the text, which is empty as published."""
        return [self.begin_id, *self._encode(text)]

    def caption_ids(self, caption: str, max_tokens: int = MAX_TRAINING_TOKENS) -> list[int]:
        """A caption as the second stage learns it: processed, with its end, cut to `max_tokens` with the beginning.

        A longer caption loses its tail, the end mark first.

        Raises:
            ShapeError: `max_tokens` is below 2.
        """
        if max_tokens < 2:
            raise ShapeError(f"max_tokens: expected at least 2, the beginning and one more, found {max_tokens}")
        return self.prompt_ids(stage_two_text(caption))[:max_tokens]

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of generated ids, without special tokens and without white space at its ends."""
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=True)
        return text.strip()

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    @staticmethod
    def _single(token: str, found: Any) -> int:
        if found is None:
            raise ModelShapeError(f"tokenizer: no single id for {token}; expected the vocabulary of OPT")
        return int(found)


def _pair(line: str) -> tuple[str, str]:
    left, right = line.split(" ")
    return left, right
