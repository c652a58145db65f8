"""What a chain needs of the model it asks, whatever that is: a network here, a small one, or a server elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question.

    Attributes:
        text: the answer in the model's words, white space around it dropped.
        distribution: probability of each label of the chain, summing to 1; None where the model does not say.
    """

    text: str
    distribution: Mapping[str, float] | None = None


class Picture(Protocol):
    """One face, ready to be asked about. What does not depend on the question is computed once."""

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        """Ask about this face, as if nothing had been asked before.

        Args:
            question: in words.
            options: the labels it offers; a model that only chooses answers with one of them.
        """
        ...


class ChainModel(Protocol):
    """Looks at faces and answers questions in words.

    Attributes:
        name, version: as answers carry them.
    """

    name: str
    version: str

    def look(self, face_rgb: ImageRgb) -> Picture:
        """Take in a face, uint8 (H, W, 3)."""
        ...
