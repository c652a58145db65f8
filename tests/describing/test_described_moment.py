from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.describing.as_text import moment_lines
from realtime_fer.describing.described_moment import DescribedMoment, describe_moment, moment_values, question_about
from realtime_fer.describing.moments import Moment, moments
from realtime_fer.types import FaceTrack, TrackedExpression
from tests.describing.parts import Talker, fast_path, write_picture
from tests.fakes import box, make_frame


@pytest.fixture
def moment(tmp_path: Path) -> Moment:
    (found,) = moments(str(write_picture(tmp_path / "a.png")), fast_path).iterate(set())
    return found


def test_every_face_is_asked_about_as_the_service_would(moment: Moment) -> None:
    talker = Talker()
    described = describe_moment(moment, talker)
    assert [face.answer.text for face in described.faces if face.answer] == ["Face 1 smiles.", "Face 2 smiles."]
    first = talker.asked[0]
    # 50 px and 30 % of it on each side, which the picture's border cuts on the left.
    assert first.crop_rgb.shape == (80, 75, 3)
    assert first.face_xyxy == (10.0, 15.0, 60.0, 65.0)
    assert sum(first.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert not described.failed


def test_a_face_without_an_answer_keeps_the_others(moment: Moment) -> None:
    described = describe_moment(moment, Talker(fails=(1,)))
    first, second = described.faces
    assert (first.answer, first.error) == (None, "ValueError: no idea")
    assert second.answer is not None
    assert described.failed
    with pytest.raises(MemoryError):
        describe_moment(moment, Talker(fails=(1,), error=MemoryError()))


def test_a_reasoner_is_heard_at_work(moment: Moment) -> None:
    heard: list[tuple[int, str, str]] = []

    class Ear:
        cancelled = False

        def __init__(self, face: TrackedExpression) -> None:
            self._track = face.track.track_id

        def say(self, step: str, text: str) -> None:
            heard.append((self._track, step, text))

    describe_moment(moment, Talker(), Ear)
    assert heard == [(1, "label", "hap"), (2, "label", "hap")]


def test_a_face_off_the_frame_is_no_question() -> None:
    outside = TrackedExpression(FaceTrack(1, box(500, 500, 600, 600), 0.9, True, 1, 0), None)
    assert question_about(outside, make_frame()) is None
    unclassified = TrackedExpression(FaceTrack(1, box(5, 5, 25, 25), 0.9, True, 1, 0), None)
    request = question_about(unclassified, make_frame())
    assert request is not None
    assert request.probabilities == {}
    assert request.crop_rgb.dtype == np.uint8


def test_values_are_json_and_complete(moment: Moment) -> None:
    talker = Talker()
    values = json.loads(
        json.dumps(
            moment_values(describe_moment(moment, talker), source="folder", reasoner=talker, options="o"), allow_nan=False
        )
    )
    assert (values["name"], values["frame_id"], values["reasoner"], values["problem"]) == ("a.png", 0, "talker", None)
    assert (values["source"], values["fingerprint"], values["options"]) == ("folder", moment.fingerprint, "o")
    face = values["faces"][0]
    assert face["bbox_xyxy"] == [10, 20, 60, 70]
    assert face["answer"]["steps"][0] == {"question": "label", "label": "happiness", "distribution": {"happiness": 1.0}}
    assert face["answer"]["claims"][0]["code"] == "AU12"
    assert face["answer"]["claims"][0]["grounding"] == "unknown", "nothing measures the muscle"


def test_lines_tell_measured_from_said(moment: Moment) -> None:
    lines = list(moment_lines(describe_moment(moment, Talker(fails=(2,)))))
    assert lines[0] == "a.png: 2 faces"
    assert lines[1].startswith("  face 1, 50 x 50 px at (10, 20); measured: ")
    assert "    Face 1 smiles." in lines
    assert "    description: One." in lines
    assert "      Two." in lines
    assert "    claims slightly left lip corner puller (AU12): nothing measured that could tell" in lines
    assert "    no answer: ValueError: no idea" in lines
    assert list(moment_lines(DescribedMoment(Moment("b.png", 0, "", None, None, "b.png: broken")))) == ["b.png: b.png: broken"]
