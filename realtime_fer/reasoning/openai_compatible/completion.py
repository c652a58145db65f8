"""A chat completion as it comes back, checked before anything is made of it."""

from __future__ import annotations

import logging
import math
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from realtime_fer.errors import MessageError

log = logging.getLogger(__name__)

MAX_ANSWER_CHARS: Final = 1000
"""Of an answer in words; it may become a part of the second question."""


def _log_probability(value: float) -> float:
    if math.isnan(value):
        raise ValueError("expected a logarithm of a probability, found not-a-number")
    return min(0.0, value)  # rounding leaves a little more than 0


class TokenChoice(BaseModel):
    """A token that was, or could have been, chosen; `logprob` is at most 0 and may be minus infinity."""

    token: str
    logprob: Annotated[float, AfterValidator(_log_probability)]


class TokenStep(TokenChoice):
    """A token of the answer, and the likeliest tokens in its place, usually itself among them."""

    top_logprobs: list[TokenChoice] | None = None


class _TokenSteps(BaseModel):
    content: list[TokenStep] | None = None


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: Any = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)


class Completion(BaseModel):
    """What is wanted of it.

    Attributes:
        text: the answer, white space around it dropped, at most `MAX_ANSWER_CHARS`; not empty.
        steps: its tokens; None where the server does not say, or says it in another form.
    """

    text: str
    steps: list[TokenStep] | None


def read_completion(body: bytes) -> Completion:
    """Read the body of a reply.

    Raises:
        MessageError: it is no chat completion, or one without words.
    """
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "its body"
        raise MessageError(f"expected a chat completion in JSON, found that {where}: {first['msg']}") from error
    text = (choice.message.content or "").strip()
    if not text:
        if choice.message.refusal:
            raise MessageError(f"expected a label, found that the model declines: {choice.message.refusal}")
        tried = "; raise max_tokens, or turn its thinking off" if choice.finish_reason == "length" else ""
        raise MessageError(f"expected a label, found an empty answer (finish_reason {choice.finish_reason}){tried}")
    return Completion(text=text[:MAX_ANSWER_CHARS], steps=_steps(choice.logprobs))


def _steps(logprobs: Any) -> list[TokenStep] | None:
    try:
        return None if logprobs is None else _TokenSteps.model_validate(logprobs).content or None
    except ValidationError as error:
        # The answer itself is fine, and probabilities in a form of its own are as good as none.
        log.debug("logprobs cannot be read: %s", error)
        return None
