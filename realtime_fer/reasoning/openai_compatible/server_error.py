"""The error of a question that a server did not answer."""

from __future__ import annotations

from realtime_fer.errors import ReasoningError


class ServerError(ReasoningError):
    """A server gave no usable answer; the message names the server, what was expected, what was found, and what to try.

    Attributes:
        status: of its reply; None where there was none.
        words: what it said itself, shortened, without the key; empty where it said nothing.
    """

    def __init__(self, message: str, *, status: int | None = None, words: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.words = words
