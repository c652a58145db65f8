"""Token ids exactly as in the training of ExpLLM.

The training used the slow LLaMA tokenizer of transformers 4.31. It cuts the text at special tokens and tokenises what is
between them on its own; white space on both sides of `<im_patch>` is thrown away, so that the blank before the picture and the
new line after it never reach the network. A present-day tokenizer keeps both unless told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from realtime_fer.errors import ShapeError
from realtime_fer.networks.expllm.prompts import END_OF_ANSWER, IMAGE_TOKEN, Turn, conversation_text
from realtime_fer.networks.expllm.sentencepiece_bpe import SPACE, SentencePieceBpe
from realtime_fer.networks.json_settings import read_settings

BOS: Final = "<s>"
NOT_LEARNED: Final = -100
"""Label of a position whose token is given, not learned."""

_SPECIAL: Final = re.compile("(" + "|".join(map(re.escape, (IMAGE_TOKEN, END_OF_ANSWER))) + ")")


class TrainingExample(NamedTuple):
    """A conversation as the training saw it.

    Attributes:
        input_ids: one a token.
        labels: alike; `NOT_LEARNED` outside the answers.
        spans: [start, end) of each answer with what ends it.
    """

    input_ids: list[int]
    labels: list[int]
    spans: list[tuple[int, int]]


class ExpLlmTokenizer:
    """LLaMA's vocabulary with one more token, for a patch of the picture.

    Args:
        bpe: the vocabulary.
        legacy: as in tokenizer_config.json: text after a special token begins with a blank (true) or not (false).
    """

    def __init__(self, bpe: SentencePieceBpe, legacy: bool = False) -> None:
        self._bpe = bpe
        self._legacy = legacy
        self.image_id = len(bpe)
        self.bos_id, self.eos_id = bpe.id_of(BOS), bpe.id_of(END_OF_ANSWER)

    @classmethod
    def from_folder(cls, folder: Path) -> ExpLlmTokenizer:
        """Read tokenizer.model, and `legacy` from tokenizer_config.json beside it.

        A file without the setting is of a time when there was only the legacy way.

        Raises:
            ModelNotFoundError: one of them is missing.
            ModelCorruptError: one cannot be read.
            ModelShapeError: it is another kind of tokenizer.
        """
        settings = read_settings(folder / "tokenizer_config.json", "it says how text is cut (its setting legacy)")
        legacy = settings.get("legacy")
        return cls(SentencePieceBpe.from_file(folder / "tokenizer.model"), legacy is None or bool(legacy))

    def encode(self, text: str) -> list[int]:
        """Ids of a conversation's text, with the id that begins every text in front."""
        parts = _SPECIAL.split(text)
        ids = [self.bos_id]
        for index, part in enumerate(parts):
            if part == IMAGE_TOKEN:
                ids.append(self.image_id)
            elif part == END_OF_ANSWER:
                ids.append(self.eos_id)
            else:
                text_left = part.lstrip() if index > 0 and parts[index - 1] == IMAGE_TOKEN else part
                before_image = index + 1 < len(parts) and parts[index + 1] == IMAGE_TOKEN
                ids += self._plain(text_left.rstrip() if before_image else text_left, first=index == 0)
        return ids

    def answer_ids(self, answer: str) -> list[int]:
        """Ids of an answer as it follows the colon of `ASSISTANT:`, with what ends it."""
        return [*self._plain(answer, first=True), self.eos_id]

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of generated ids, without special tokens and outer white space."""
        return self._bpe.decode(token for token in token_ids if token != self.image_id).strip()

    def training_example(self, turns: Sequence[Turn]) -> TrainingExample:
        """A whole conversation, with its answers to be learned.

        Raises:
            ShapeError: there is no turn, or one without answer.
        """
        answers = [turn.answer for turn in turns if turn.answer is not None]
        if not turns or len(answers) != len(turns):
            raise ShapeError(
                f"training example: expected turns with answers, found {len(answers)} answers in {len(turns)} turns"
            )
        ids = self.encode(conversation_text(turns))
        labels, spans = [NOT_LEARNED] * len(ids), []
        for index in range(len(turns)):
            start = len(self.encode(conversation_text([*turns[:index], Turn(turns[index].task)])))
            end = len(self.encode(conversation_text(turns[: index + 1])))
            labels[start:end] = ids[start:end]
            spans.append((start, end))
        return TrainingExample(ids, labels, spans)

    def _plain(self, text: str, first: bool) -> list[int]:
        """Ids of text without special tokens."""
        pieces = self._bpe.pieces(text)
        if not (self._legacy or first or text.startswith(" ")) and pieces and pieces[0].startswith(SPACE):
            # The original takes the blank off the first piece after cutting, so another cut than of bare text is possible.
            pieces[:1] = [pieces[0][1:]] if len(pieces[0]) > 1 else []
        return self._bpe.ids(pieces)
