from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.networks.expllm.analysis import FaceAnalysis  # noqa: E402
from realtime_fer.reasoning.claims import Grounding  # noqa: E402
from realtime_fer.reasoning.expllm.analyst import FaceReading, Order  # noqa: E402
from realtime_fer.reasoning.expllm.factory import build  # noqa: E402
from realtime_fer.reasoning.expllm.reasoner import ExpLlmReasoner, reading_steps  # noqa: E402
from realtime_fer.reasoning.listener import QuestionCancelledError, SpeakingReasoner  # noqa: E402
from tests.reasoning.expllm.scripted import DESCRIPTION, LABEL, converted_scripted  # noqa: E402
from tests.reasoning.hearing import Hearing  # noqa: E402
from tests.reasoning.questions import request  # noqa: E402

pytestmark = pytest.mark.torch

WHOLE = "".join(DESCRIPTION)


@pytest.fixture(scope="module")
def reasoner(tmp_path_factory: pytest.TempPathFactory) -> ExpLlmReasoner:
    folder = converted_scripted(tmp_path_factory.mktemp("expllm"))
    return build(str(folder), device="cpu", dtype="float32")


def test_the_answer_has_label_description_and_claims(reasoner: ExpLlmReasoner) -> None:
    answer = reasoner.reason(request())
    assert [(step.question, step.label) for step in answer.steps] == [
        ("label", LABEL),
        ("description", WHOLE),
        ("rationale", "Joy."),
        ("conclusion", "It is happiness."),
    ]
    shares = answer.steps[0].distribution
    assert shares is not None
    assert len(shares) == 8
    assert max(shares, key=shares.__getitem__) == LABEL
    assert answer.compound_label == LABEL
    assert [(c.name, c.code, c.side, c.intensity, c.present) for c in answer.claims] == [
        ("happiness", None, None, None, True),
        ("lip corner puller", "AU12", None, "strongly", True),
        ("inner brow raiser", "AU1", "left", "slightly", True),
        ("outer brow raiser", "AU2", "left", "slightly", True),
        ("brow lowerer", "AU4", None, None, False),
    ]
    assert {claim.grounding for claim in answer.claims} == {Grounding.UNKNOWN}
    assert answer.text == (
        "The face is said to show happiness (100%), with lip corner puller (strongly), left inner brow raiser (slightly) and "
        "left outer brow raiser (slightly)."
    )
    assert (answer.model_name, answer.model_version) == ("expllm", reasoner.version)


def test_words_are_told_as_they_come(reasoner: ExpLlmReasoner) -> None:
    assert isinstance(reasoner, SpeakingReasoner)
    hearing = Hearing()
    assert reasoner.reason_aloud(request(), hearing) == reasoner.reason(request())
    texts = ["".join(DESCRIPTION[: length + 1]) for length in range(len(DESCRIPTION))]
    assert hearing.heard == [("label", LABEL), *(("description", text) for text in texts)]


@pytest.mark.parametrize("tellings", [0, 1, 4])
def test_it_stops_between_tokens_where_nobody_wants_it(reasoner: ExpLlmReasoner, tellings: int) -> None:
    hearing = Hearing(tellings)
    with pytest.raises(QuestionCancelledError, match="no longer wanted"):
        reasoner.reason_aloud(request(), hearing)
    assert len(hearing.heard) == tellings
    # The next question is answered as if nothing had happened.
    assert reasoner.reason(request()).steps[1].label == WHOLE


def test_the_reverse_order(tmp_path: Path) -> None:
    folder = converted_scripted(tmp_path, label_first=False)
    answer = build(str(folder), order="description-first", device="cpu", dtype="float32").reason(request())
    assert [step.question for step in answer.steps] == ["description", "rationale", "conclusion", "label"]
    assert (answer.steps[0].label, answer.steps[-1].label) == (WHOLE, LABEL)
    assert answer.steps[-1].distribution is not None


def test_what_is_no_label_stands_in_its_own_words() -> None:
    analysis = FaceAnalysis("fear,  I think " + "x" * 200, None, "", None, ())
    label, description = reading_steps(FaceReading(analysis, {"Fear": 1.0}), Order.LABEL_FIRST)
    assert label.label.startswith("fear, I think xxx")
    assert len(label.label) == 100
    assert description.label == "unknown"
    assert reading_steps(FaceReading(analysis._replace(answer=" "), {"Fear": 1.0}), Order.LABEL_FIRST)[0].label == "unknown"
