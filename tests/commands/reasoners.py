"""Reasoners of one's own, as a user names them with --reasoner-factory: fakes that do the same whoever is asked about."""

from __future__ import annotations

from dataclasses import replace

from realtime_fer.reasoning.listener import Listener
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.request import ReasoningRequest
from tests.reasoning.supervision import fake_reasoners, speaking_reasoners


class Always(fake_reasoners.Misbehaving):
    """Treats every question as one about the track that has it do `deed`."""

    def __init__(self, deed: int) -> None:
        self._deed = deed

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        return super().reason(replace(request, track_id=self._deed))


def always(deed: str = "WELL") -> Reasoner:
    return Always(getattr(fake_reasoners, deed))


class AlwaysSpeaking(speaking_reasoners.Speaking):
    """The same for one that is heard at work."""

    def __init__(self, deed: int) -> None:
        self._deed = deed

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        return super().reason_aloud(replace(request, track_id=self._deed), listener)


def speaking(deed: str = "TELL") -> Reasoner:
    return AlwaysSpeaking(getattr(speaking_reasoners, deed))
