"""Who hears an answer while it is being made: words as they come, and whether anybody still wants them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest


class Listener(Protocol):
    """What a reasoner tells while it works."""

    def say(self, step: str, text: str) -> None:
        """The answer to the step of this name so far: the whole text from its beginning, not only what is new.

        Never waits for a reader, and may leave out what comes faster than it can be passed on.
        """
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the answer is no longer wanted (the face has gone); ask between
        tokens, and then raise `QuestionCancelledError`."""
        ...


@runtime_checkable
class SpeakingReasoner(Protocol):
    """A reasoner that can be heard at work: see `reasoner.Reasoner`, with one method more."""

    name: str
    version: str

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """See `reasoner.Reasoner`."""
        ...

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        """Answer one question, telling the listener on the way.

        Raises:
            QuestionCancelledError: the listener no longer wants it.
            Exception: as `reason`.
        """
        ...


class QuestionCancelledError(Exception):
    """Raised by a reasoner that stopped in the middle because nobody wants the answer any more."""
