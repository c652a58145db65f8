from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.networks.exp_blip.generation import GenerationSettings  # noqa: E402
from realtime_fer.reasoning.exp_blip.factory import build  # noqa: E402
from realtime_fer.reasoning.exp_blip.reasoner import ExpBlipReasoner  # noqa: E402
from realtime_fer.reasoning.listener import QuestionCancelledError, SpeakingReasoner  # noqa: E402
from tests.networks.exp_blip.test_captioner import captioner  # noqa: E402
from tests.networks.exp_blip.tiny import faces  # noqa: E402
from tests.reasoning.exp_blip.scripted import PIECES, converted_scripted  # noqa: E402
from tests.reasoning.hearing import Hearing  # noqa: E402
from tests.reasoning.questions import request  # noqa: E402

pytestmark = pytest.mark.torch

WHOLE = "".join(PIECES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted_scripted(tmp_path_factory.mktemp("exp_blip"))


def reasoner(folder: Path, beams: int = 1, kind: str = "exp") -> ExpBlipReasoner:
    return build(str(folder), kind=kind, beams=beams, max_new_tokens=20, device="cpu", dtype="float32")


def test_the_answer_has_caption_and_claims(folder: Path) -> None:
    ours = reasoner(folder)
    answer = ours.reason(request())
    assert [(step.question, step.label, step.distribution) for step in answer.steps] == [("caption", WHOLE, None)]
    assert [(claim.name, claim.code, claim.intensity) for claim in answer.claims] == [
        ("happiness", None, None),
        ("lip corner puller", "AU12", "slightly"),
        ("brow lowerer", "AU4", None),
    ]
    assert answer.text == "The face is said to show happiness, with lip corner puller (slightly) and brow lowerer."
    assert answer.compound_label == "Happiness"
    assert (answer.model_name, answer.model_version) == ("exp-blip", ours.version)


@pytest.mark.parametrize(("kind", "codes"), [("au", ["AU12", "AU4"]), ("emot", [None]), ("exp", [None, "AU12", "AU4"])])
def test_the_three_kinds(folder: Path, kind: str, codes: list[str | None]) -> None:
    answer = reasoner(folder, kind=kind).reason(request())
    assert [claim.code for claim in answer.claims] == codes
    assert answer.model_version.startswith({"au": "AU-BLIP", "emot": "Emot-BLIP", "exp": "Exp-BLIP"}[kind])


def test_one_beam_is_told_as_it_comes(folder: Path) -> None:
    ours, hearing = reasoner(folder), Hearing()
    assert isinstance(ours, SpeakingReasoner)
    assert ours.reason_aloud(request(), hearing) == ours.reason(request())
    assert hearing.heard == [("caption", "".join(PIECES[: length + 1])) for length in range(len(PIECES))]


def test_several_beams_are_told_at_their_end(folder: Path) -> None:
    hearing = Hearing()
    reasoner(folder, beams=5).reason_aloud(request(), hearing)
    assert hearing.heard == [("caption", WHOLE)]


@pytest.mark.parametrize("tellings", [0, 1, 5])
def test_it_stops_between_tokens_where_nobody_wants_it(folder: Path, tellings: int) -> None:
    ours, hearing = reasoner(folder), Hearing(tellings)
    with pytest.raises(QuestionCancelledError):
        ours.reason_aloud(request(), hearing)
    assert len(hearing.heard) == tellings
    assert ours.reason(request()).steps[0].label == WHOLE


class Asked(Hearing):
    """No longer wants an answer after it was asked so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.asked = 0
        self._times = times

    @property
    def cancelled(self) -> bool:
        self.asked += 1
        return self.asked > self._times


def test_beams_stop_between_tokens_too(folder: Path) -> None:
    listener = Asked(4)
    with pytest.raises(QuestionCancelledError):
        reasoner(folder, beams=5).reason_aloud(request(), listener)
    assert listener.asked == 5
    assert not listener.heard


@pytest.mark.parametrize("beams", [1, 3])
def test_several_faces_are_described_as_each_alone(beams: int) -> None:
    ours, pictures = captioner(), faces(3)
    settings = GenerationSettings(num_beams=beams, max_new_tokens=8)
    together = ours.describe(pictures, settings)
    assert together == [ours.describe([picture], settings)[0] for picture in pictures]


def test_watching_changes_nothing() -> None:
    ours, pictures = captioner(), faces(2)
    settings = GenerationSettings(num_beams=1, max_new_tokens=6)
    seen: list[list[list[int]]] = []
    assert ours.describe(pictures, settings, watch=seen.append) == ours.describe(pictures, settings)
    assert [len(rows[0]) for rows in seen] == list(range(1, len(seen) + 1))
    assert all(len(rows) == 2 for rows in seen)
