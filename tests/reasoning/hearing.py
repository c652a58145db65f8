"""A listener that keeps what it hears."""

from __future__ import annotations


class Hearing:
    """Args: tellings: of a step, after so many of which the answer is no longer wanted; None wants all of it."""

    def __init__(self, tellings: int | None = None) -> None:
        self.heard: list[tuple[str, str]] = []
        self._tellings = tellings

    def say(self, step: str, text: str) -> None:
        assert not self.cancelled, "told although it had said that it is no longer wanted"
        self.heard.append((step, text))

    @property
    def cancelled(self) -> bool:
        return self._tellings is not None and len(self.heard) >= self._tellings
