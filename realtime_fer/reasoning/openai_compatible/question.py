"""One question as a chat completion: the picture, then the words, in one turn of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Constraint = Literal["structured_outputs", "guided_choice"]

RESERVED: Final = frozenset({"model", "messages", "stream", "n"})
"""Fields of a request that answers rely on; `extra_body` cannot change them."""


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """How questions are put.

    Attributes:
        model: name of the model, as the server knows it.
        temperature: 0 takes the likeliest token.
        max_tokens: of an answer.
        top_logprobs: alternatives wanted for each token; 0 asks for no probabilities.
        constrain: let the server choose among the labels only: "structured_outputs" (vLLM), or "guided_choice" (vLLM
            before 0.12); None lets the model speak.
        extra_body: more fields of the request; None as a value leaves one of ours out.
    """

    model: str
    temperature: float = 0.0
    max_tokens: int = 16
    top_logprobs: int = 20
    constrain: Constraint | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def request(self, picture_url: str, question: str, options: Sequence[str], with_logprobs: bool) -> dict[str, Any]:
        """The request as JSON can say it.

        Args:
            picture_url: a data URL. It comes first, so that two questions about it begin alike and servers can reuse it.
            question: in words.
            options: the labels it offers, for `constrain`.
            with_logprobs: ask for probabilities, where `top_logprobs` is above 0.
        """
        content = [{"type": "image_url", "image_url": {"url": picture_url}}, {"type": "text", "text": question}]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "stream": False,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        if with_logprobs and self.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        if self.constrain == "structured_outputs":
            body["structured_outputs"] = {"choice": list(options)}
        elif self.constrain == "guided_choice":
            body["guided_choice"] = list(options)
        return {name: value for name, value in {**body, **self.extra_body}.items() if value is not None}
