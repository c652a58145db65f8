"""What reasoners have in common that write about a face word by word."""

from __future__ import annotations

from abc import ABC, abstractmethod

from realtime_fer.reasoning.chain_of_affect.face import cut_face
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.listener import Listener
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.telling import Telling


class FaceWriter(ABC):
    """A reasoner that can be heard at work (see `listener.SpeakingReasoner`).

    Args:
        name, version: of the model, for answers.
        face_margin: of the face that is shown to it, as a share of each side of its box; None for the whole crop.
    """

    def __init__(self, name: str, version: str, face_margin: float | None) -> None:
        self.name = name
        self.version = version
        self._face_margin = face_margin

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """What is written of a face, and its claims.

        Raises:
            Exception: whatever the network raises.
        """
        return self._answer(request, Telling())

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        """The same, telling the steps as they are written.

        Raises:
            QuestionCancelledError: the listener no longer wants it; asked between tokens.
            Exception: as `reason`.
        """
        return self._answer(request, Telling(listener))

    @abstractmethod
    def _write(self, face: ImageRgb, telling: Telling) -> ReasoningAnswer:
        """Look at a face, uint8 (H, W, 3), and write about it."""

    def _answer(self, request: ReasoningRequest, telling: Telling) -> ReasoningAnswer:
        face = request.crop_rgb
        if self._face_margin is not None:
            face = cut_face(face, request.face_xyxy, self._face_margin)
        telling.go_on()
        return self._write(face, telling)
