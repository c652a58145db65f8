"""Passing words on while they are written, and stopping where nobody wants them any more."""

from __future__ import annotations

from realtime_fer.reasoning.listener import Listener, QuestionCancelledError

UNFINISHED = "\ufffd"
"""Stands at the end of a text whose last character is not yet whole: its bytes come as several tokens."""


class Telling:
    """One question's way to its listener.

    Args:
        listener: who hears it; None for nobody, and then nothing here does anything.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._last: tuple[str, str] | None = None

    @property
    def is_heard(self) -> bool:
        """Whether there is anybody to tell."""
        return self._listener is not None

    def go_on(self) -> None:
        """Ask whether the answer is still wanted.

        Raises:
            QuestionCancelledError: it is not.
        """
        if self._listener is not None and self._listener.cancelled:
            raise QuestionCancelledError("stopped in the middle of an answer: it is no longer wanted")

    def tell(self, step: str, text: str) -> None:
        """Tell a step's text so far, where it is another than the last time.

        Raises:
            QuestionCancelledError: the answer is no longer wanted.
        """
        self.go_on()
        said = (step, text.rstrip(UNFINISHED))
        if self._listener is not None and said[1] and said != self._last:
            self._last = said
            self._listener.say(*said)
