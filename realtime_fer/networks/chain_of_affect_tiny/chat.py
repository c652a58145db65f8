"""A question about one face as token ids: what comes before the face's vectors, and what comes after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from realtime_fer.errors import ModelShapeError, ShapeError
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.networks.phi3_vision.chat import one_picture_question

END_OF_TEXT: Final = "<|endoftext|>"
END_OF_TURN: Final = "<|end|>"
IMAGE: Final = "<|image_1|>"
SPECIAL_TOKENS: Final = (END_OF_TEXT, "<|user|>", "<|assistant|>", END_OF_TURN, IMAGE)
"""In the order of their ids, from 0. The chat form is Phi-3.5-vision's, see `phi3_vision.chat`."""

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
"""The same form for transformers."""


class FaceQuestion(NamedTuple):
    """Token ids around the vectors of a face."""

    before: list[int]
    after: list[int]


def face_question(tokenizer: BytePairTokenizer, question: str) -> FaceQuestion:
    """Token ids of a single question, ending where the answer begins.

    Raises:
        ShapeError: the question names a picture of its own.
    """
    ids = tokenizer.encode(one_picture_question(question))
    image_id = tokenizer.special_id(IMAGE)
    if ids.count(image_id) != 1:
        raise ShapeError(f"question: expected no {IMAGE} of its own, found {ids.count(image_id) - 1}")
    place = ids.index(image_id)
    return FaceQuestion(ids[:place], ids[place + 1 :])


def answer_ids(tokenizer: BytePairTokenizer, labels: Sequence[str]) -> list[int]:
    """The one token that each of these labels is, as an answer.

    Raises:
        ModelShapeError: a label is several tokens.
    """
    encoded = [tokenizer.encode(label) for label in labels]
    for label, ids in zip(labels, encoded, strict=True):
        if len(ids) != 1:
            raise ModelShapeError(f"tokenizer: expected the label {label} as one token, found {len(ids)}")
    return [ids[0] for ids in encoded]
