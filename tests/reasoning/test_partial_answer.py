from __future__ import annotations

from realtime_fer.reasoning.partial_answer import PartialAnswer
from tests.reasoning.questions import request


def test_words_belong_to_their_question() -> None:
    asked = request(7, track_id=3)
    said = PartialAnswer.to(asked, step="primary", text="It is", part=2)
    for name in ("request_id", "track_id", "frame_id", "capture_monotonic_ns", "capture_unix_ns"):
        assert getattr(said, name) == getattr(asked, name)
    assert (said.step, said.text, said.part) == ("primary", "It is", 2)
