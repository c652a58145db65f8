from __future__ import annotations

import pytest

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.listener import QuestionCancelledError, SpeakingReasoner
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.speaking import FaceWriter
from realtime_fer.reasoning.telling import Telling
from tests.reasoning.hearing import Hearing
from tests.reasoning.questions import request


class Scribe(FaceWriter):
    """Writes how large the face is that it was shown."""

    looks = 0

    def _write(self, face: ImageRgb, telling: Telling) -> ReasoningAnswer:
        self.looks += 1
        telling.tell("size", "so")
        return ReasoningAnswer((ChainStep("size", str(face.shape)),), None, "", self.name, self.version)


@pytest.mark.parametrize(("margin", "size"), [(None, "(5, 4, 3)"), (0.0, "(3, 2, 3)"), (0.5, "(5, 4, 3)")])
def test_the_face_is_shown_with_its_margin(margin: float | None, size: str) -> None:
    answer = Scribe("scribe", "2", margin).reason(request())
    assert answer.steps[0].label == size
    assert (answer.model_name, answer.model_version) == ("scribe", "2")


def test_it_is_heard_and_stops_before_it_looks_where_nobody_wants_it() -> None:
    scribe, hearing = Scribe("scribe", "2", None), Hearing()
    assert isinstance(scribe, SpeakingReasoner)
    assert scribe.reason_aloud(request(), hearing) == scribe.reason(request())
    assert hearing.heard == [("size", "so")]
    with pytest.raises(QuestionCancelledError):
        scribe.reason_aloud(request(), Hearing(0))
    assert scribe.looks == 2
