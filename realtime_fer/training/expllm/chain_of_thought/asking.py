"""One question to a language model, through the journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from realtime_fer.errors import ReasoningError
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.reasoning.openai_compatible.server_error import ServerError
from realtime_fer.training.expllm.chain_of_thought.journal import Answer, Journal, question_key
from realtime_fer.training.expllm.chain_of_thought.prompts import Message

OF_THE_QUESTION: Final = frozenset({400, 413, 422})
"""Statuses that may be about one question (a filter, its length) while others are answered."""


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(slots=True)
class Counts:
    """What a run has asked and what came of it; shared by threads.

    Attributes:
        asked: questions that went to the server in this run.
        remembered: questions that an earlier run had answered.
        prompt_tokens, completion_tokens: of both.
        asked_prompt_tokens, asked_completion_tokens: of this run's alone.
    """

    asked: int = 0
    remembered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    asked_prompt_tokens: int = 0
    asked_completion_tokens: int = 0
    _counted: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, key: str, answer: Answer, *, asked: bool) -> None:
        """Count the answer to one question; a question that comes up again in the run counts once."""
        with self._lock:
            if key in self._counted:
                return
            self._counted.add(key)
            self.prompt_tokens += answer.prompt_tokens
            self.completion_tokens += answer.completion_tokens
            if asked:
                self.asked += 1
                self.asked_prompt_tokens += answer.prompt_tokens
                self.asked_completion_tokens += answer.completion_tokens
            else:
                self.remembered += 1


@dataclass(frozen=True, slots=True)
class Form:
    """How questions are put.

    Attributes:
        model: its name on the server.
        temperature: of descriptions; what is to be decided is asked with 0.
        max_tokens: of an answer.
        extra_body: more fields of the request; None as a value leaves one of ours out.
    """

    model: str
    temperature: float = 0.7
    max_tokens: int = 600
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def request(self, messages: Sequence[Message], *, freely: bool) -> dict[str, Any]:
        """As JSON can say it."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "stream": False,
            "temperature": self.temperature if freely else 0.0,
            "max_tokens": self.max_tokens,
        }
        return {name: value for name, value in {**body, **self.extra_body}.items() if value is not None}


class QuestionRefusedError(Exception):
    """The server will not answer this question, whatever is tried; never leaves this room."""


class Asker:
    """Asks about faces, from one thread.

    Args:
        client: reaches the server.
        form: how questions are put.
        journal: of this run; what is in it is not asked again.
        counts: of this run.
        deadline_s: for one question with all its attempts and pauses.
    """

    def __init__(self, client: ServerClient, form: Form, journal: Journal, counts: Counts, deadline_s: float) -> None:
        self._client = client
        self._form = form
        self._journal = journal
        self._counts = counts
        self._deadline_s = deadline_s

    def ask(self, face: str, messages: Sequence[Message], *, freely: bool = False) -> Answer:
        """An answer that is not empty.

        Args:
            face: whom it is about, for the journal.
            freely: with the form's temperature.

        Raises:
            QuestionRefusedError: the server refuses this question, though it answers others.
            ReasoningError: the server does not answer; what was answered before is kept.
        """
        request = self._form.request(messages, freely=freely)
        key = question_key(face, request)
        answer = self._journal.get(key)
        if answer is None:
            answer = self._fetch(request)
            self._journal.put(key, answer)
            self._counts.add(key, answer, asked=True)
        else:
            self._counts.add(key, answer, asked=False)
        if answer.refused:
            raise QuestionRefusedError(answer.text)
        return answer

    def _fetch(self, request: Mapping[str, Any]) -> Answer:
        try:
            body = self._client.chat(request, self._client.deadline_ns(self._deadline_s))
        except ServerError as error:
            # The first question of all tells about the settings, not about itself.
            if error.status in OF_THE_QUESTION and len(self._journal):
                return Answer(error.words or str(error), refused=True)
            raise
        try:
            completion = _Completion.model_validate_json(body)
        except ValidationError as error:
            raise self._client.error(
                f"expected a chat completion in JSON, found another reply ({error.error_count()} faults)"
            ) from error
        choice, usage = completion.choices[0], completion.usage or _Usage()
        text = (choice.message.content or "").strip()
        counted = (usage.prompt_tokens, usage.completion_tokens)
        if not text and not choice.message.refusal and choice.finish_reason == "length" and not len(self._journal):
            raise ReasoningError(f"{self._client.address.url}: the answer ended before its first word; raise --max-tokens")
        if not text:
            why = choice.message.refusal or f"an empty answer (finish_reason {choice.finish_reason})"
            return Answer(why, True, False, *counted)
        return Answer(text, False, choice.finish_reason == "length", *counted)
