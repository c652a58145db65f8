"""The chat form that Phi-3.5-vision was trained on, as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Role = Literal["system", "user", "assistant"]

IMAGE_TAG: Final = re.compile(r"<\|image_(\d+)\|>")
"""Stands for the k-th picture, from 1, inside a user's turn."""


class Message(NamedTuple):
    """One turn."""

    role: Role
    content: str


def chat_text(messages: Sequence[Message], ask: bool = True) -> str:
    """The turns as one text, ending where the assistant begins to speak.

    Args:
        messages: in order.
        ask: open an assistant's turn, unless the last one is already his.

    Source: chat template of microsoft/Phi-3.5-vision-instruct.
    """
    text = "".join(f"<|{role}|>\n{content}<|end|>\n" for role, content in messages)
    return text + "<|assistant|>\n" if ask and messages and messages[-1].role != "assistant" else text


def one_picture_question(question: str) -> str:
    """Chat text of a single question about one picture."""
    return chat_text([Message("user", f"<|image_1|>\n{question}")])


def number_pictures(values: Sequence[str]) -> list[str]:
    """Replace each `<image>` of a conversation's turns by `<|image_k|>`, k counted from 1 through all of them."""
    numbered, count = [], 0
    for value in values:
        first, *rest = value.split("<image>")
        for piece in rest:
            count += 1
            first += f"<|image_{count}|>{piece}"
        numbered.append(first)
    return numbered
