"""Text and pictures to token ids, exactly as the published processor and the published training wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError, missing_extra
from realtime_fer.networks.phi3_vision.chat import IMAGE_TAG, Message, chat_text, number_pictures

try:
    from tokenizers import Tokenizer
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

BOS: Final = "<s>"
END_OF_TURN: Final = "<|end|>"
END_OF_TEXT: Final = "<|endoftext|>"

NOT_LEARNED: Final = -100
"""Label of a position whose token is given, not learned."""


class TrainingExample(NamedTuple):
    """One conversation as the published training saw it; both lists have one entry a token."""

    input_ids: list[int]
    labels: list[int]


class Phi3VisionTokenizer:
    """The tokenizer of a checkpoint, with places for pictures.

    The k-th picture is the id -k, once for each of its vectors.

    Raises:
        ModelShapeError: a token that the chat form needs is unknown to it.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.bos_id = self._special(BOS)
        self.end_of_turn_id = self._special(END_OF_TURN)
        self.end_of_text_id = self._special(END_OF_TEXT)

    @classmethod
    def from_file(cls, path: Path) -> Phi3VisionTokenizer:
        """Read tokenizer.json.

        Raises:
            ModelNotFoundError: there is no such file.
            ModelCorruptError: it cannot be read.
        """
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: no such file; a checkpoint's tokenizer.json is needed")
        try:
            return cls(Tokenizer.from_file(str(path)))
        except ModelShapeError:
            raise
        except Exception as error:  # the library raises plain Exception
            raise ModelCorruptError(f"{path}: is no tokenizer ({error}); fetch it again") from error

    @property
    def stop_ids(self) -> frozenset[int]:
        """What ends an answer: the end of the turn, or of the text."""
        return frozenset((self.end_of_turn_id, self.end_of_text_id))

    def encode(self, text: str, bos: bool = True) -> list[int]:
        """Token ids of text without pictures; with `bos`, the id that begins every text goes in front."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=bos).ids
        return ids

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of generated ids; special tokens are left out."""
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=True)
        return text

    def prompt(self, text: str, token_counts: Sequence[int], extra_bos: int = 0) -> list[int]:
        """Token ids of a chat text with pictures, as the published processor writes them.

        The text is cut at the picture tags and every piece is tokenised on its own, so that another BOS follows each picture.

        Args:
            text: chat text; `<|image_k|>` stands for the k-th picture.
            token_counts: image tokens of each picture.
            extra_bos: more BOS in front, as in the published training (1).

        Raises:
            ShapeError: the tags are not 1, 2, ... in this order, one for each picture.
        """
        tags = [int(number) for number in IMAGE_TAG.findall(text)]
        if tags != list(range(1, len(token_counts) + 1)):
            raise ShapeError(
                f"prompt: expected the picture tags 1 to {len(token_counts)}, each once and in this order, found {tags}"
            )
        first, *rest = re.split(r"<\|image_\d+\|>", text)
        ids = [self.bos_id] * extra_bos + self.encode(first)
        for number, count, piece in zip(tags, token_counts, rest, strict=True):
            ids += [-number] * count + self.encode(piece)
        return ids

    def training_example(self, conversation: Sequence[Mapping[str, Any]], token_counts: Sequence[int]) -> TrainingExample:
        """A record of the fine-tuning set as the published training saw it.

        One more BOS than at inference; later turns have none. Learned are the answers with what ends them.

        Args:
            conversation: turns with keys `from` ("human", "gpt" in turn) and `value`; `<image>` stands for a picture.
            token_counts: image tokens of each picture.

        Raises:
            ShapeError: the turns do not alternate, or have other pictures.
        """
        if not conversation or [turn["from"] for turn in conversation] != ["human", "gpt"] * (len(conversation) // 2):
            raise ShapeError(
                f"conversation: expected human and gpt in turn, found {[turn.get('from') for turn in conversation]}"
            )
        values = number_pictures([turn["value"] for turn in conversation])
        ids, labels = [self.bos_id], [NOT_LEARNED]
        for turn in range(0, len(values), 2):
            question = chat_text([Message("user", values[turn])])
            # Only the first question may hold pictures, as in the published data; a later one fails in `prompt`.
            asked = self.prompt(question, token_counts) if turn == 0 else self.prompt(question, [])[1:]
            answered = self.encode(f"{values[turn + 1]}{END_OF_TURN}\n", bos=False)
            ids += asked + answered
            labels += [NOT_LEARNED] * len(asked) + answered
        return TrainingExample([*ids, self.end_of_text_id], [*labels, self.end_of_text_id])

    def first_ids(self, answers: Sequence[str]) -> list[int]:
        """The token each of these answers begins with.

        Raises:
            ModelShapeError: two begin with the same one, so that it does not tell them apart.
        """
        ids = [self.encode(answer, bos=False)[0] for answer in answers]
        if len(set(ids)) != len(ids):
            raise ModelShapeError(f"tokenizer: some of {', '.join(answers)} begin with the same token: {ids}")
        return ids

    def _special(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ModelShapeError(f"tokenizer: no token {token}; expected the one of Phi-3.5-vision")
        return int(found)
