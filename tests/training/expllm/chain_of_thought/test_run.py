"""From labels to records, with a server that answers what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.expllm_records import read_expllm_records
from realtime_fer.errors import DatasetError, ReasoningError, SettingsError
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.training.expllm.chain_of_thought.asking import Form
from realtime_fer.training.expllm.chain_of_thought.engine import in_form
from realtime_fer.training.expllm.chain_of_thought.run import Prices, generate_descriptions
from realtime_fer.training.expllm.chain_of_thought.server import server_client
from tests.fakes import FakeClock
from tests.reasoning.openai_compatible.server import (
    PATIENCE_S,
    Behaviour,
    Handler,
    ModelServer,
    answers,
    completion,
    replies,
)
from tests.training.expllm.chain_of_thought.faces import ANGRY, GOOD, HAPPY, INVENTED, text_of

FORM = Form("writer")

ANGRY_TEXT = text_of("The brows are strongly lowered.", "The face shows anger.")
BOTH_WELL = (answers(GOOD), answers("Happiness"), answers(ANGRY_TEXT), answers("Anger"))


def connector(server: ModelServer, clock: FakeClock, **options: Any) -> Callable[[], ServerClient]:
    return lambda: server_client(server.url, clock, **options)


def generated(server: ModelServer, clock: FakeClock, out: Path, **options: Any) -> dict[str, Any]:
    return generate_descriptions([HAPPY, ANGRY], out, connector(server, clock), FORM, **options)


def test_records_that_the_training_reads(tmp_path: Path, clock: FakeClock) -> None:
    told: list[str] = []
    with ModelServer(*BOTH_WELL) as server:
        summary = generated(server, clock, tmp_path, prices=Prices(1.0, 10.0), progress=told.append)
    records = read_expllm_records(tmp_path / "records.json")
    assert [(record.file_name, record.label, record.description) for record in records] == [
        ("happy.png", "Happiness", in_form(GOOD)),
        ("angry.png", "Anger", in_form(ANGRY_TEXT)),
    ]
    assert (records[0].au_intensities, records[1].au_intensities) == (HAPPY.au_intensities, None)
    assert json.loads((tmp_path / "rejected.json").read_text()) == []
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert (summary["accepted"], summary["accepted_at_first"], summary["rejected"]) == (2, 2, 0)
    assert (summary["prompt_tokens"], summary["completion_tokens"]) == (4 * 811, 4 * 3)
    assert summary["cost"] == pytest.approx((4 * 811 + 10 * 4 * 3) / 1e6)
    assert told == ["2/2 faces, 2 accepted; 4 questions asked, 0 known; 3244 + 12 tokens, cost 0.0034"]
    first = server.received[0].body
    assert (first["model"], first["temperature"], first["max_tokens"], first["stream"]) == ("writer", 0.7, 600, False)
    assert server.received[1].body["temperature"] == 0
    assert "image_url" not in json.dumps(first)


def test_the_same_again_asks_nothing(tmp_path: Path, clock: FakeClock) -> None:
    with ModelServer(*BOTH_WELL) as server:
        first = generated(server, clock, tmp_path, prices=Prices(1.0, 10.0))
    with ModelServer() as server:
        again = generated(server, clock, tmp_path, prices=Prices(1.0, 10.0))
        assert server.received == []
    assert again["questions"] == {"asked_in_this_run": 0, "of_earlier_runs": 4}
    assert (again["cost"], again["cost_of_this_run"]) == (first["cost"], 0)
    assert again["accepted"] == 2


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, clock: FakeClock, done: int) -> None:
    gone: Behaviour = replies(401, {"error": "no"})
    with ModelServer(*BOTH_WELL[:done], gone) as server, pytest.raises(ReasoningError, match="401"):
        generated(server, clock, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["done"] == done // 2
    with ModelServer(*BOTH_WELL[done:]) as server:
        summary = generated(server, clock, tmp_path)
        assert len(server.received) == 4 - done
    assert summary["accepted"] == 2


def test_other_settings_are_other_questions(tmp_path: Path, clock: FakeClock) -> None:
    with ModelServer(*BOTH_WELL) as server:
        generated(server, clock, tmp_path)
    with ModelServer(*BOTH_WELL) as server:
        generate_descriptions([HAPPY, ANGRY], tmp_path, connector(server, clock), Form("another"))
        assert len(server.received) == 4


def test_rejected_faces_are_kept_apart_with_the_reasons(tmp_path: Path, clock: FakeClock) -> None:
    script = (answers(INVENTED), answers("Happiness"), answers("No brows."), answers(GOOD), answers("Fear"))
    with ModelServer(*script, *BOTH_WELL[2:]) as server:
        summary = generated(server, clock, tmp_path, attempts=2)
    assert [record.file_name for record in read_expllm_records(tmp_path / "records.json")] == ["angry.png"]
    (rejected,) = json.loads((tmp_path / "rejected.json").read_text())
    assert (rejected["file_name"], rejected["attempts"], rejected["description"]) == ("happy.png", 2, GOOD)
    assert rejected["problems"] == [
        "it speaks of brow lower, not there",
        "a reader takes it for Fear, but the expression is Happiness",
    ]
    assert summary["by_label"]["Happiness"] == {"faces": 1, "accepted": 0}


def test_the_same_question_is_asked_once(tmp_path: Path, clock: FakeClock) -> None:
    """The same description again: the reader has read it already."""
    script = (answers(INVENTED), answers("Happiness"), answers("No brows."), answers(INVENTED))
    with ModelServer(*script, *BOTH_WELL[2:]) as server:
        summary = generated(server, clock, tmp_path, attempts=2)
        assert len(server.received) == 6
    assert summary["questions"] == {"asked_in_this_run": 6, "of_earlier_runs": 0}
    assert summary["prompt_tokens"] == 6 * 811


def test_a_rate_limit_is_waited_for(tmp_path: Path, clock: FakeClock) -> None:
    with ModelServer(replies(429, {"error": "slowly"}, Retry_After="30"), *BOTH_WELL) as server:
        assert generated(server, clock, tmp_path)["accepted"] == 2
    assert max(clock.waits_s) == 30


def test_a_question_that_is_refused_costs_its_face_alone(tmp_path: Path, clock: FakeClock) -> None:
    refused = replies(400, {"error": {"message": "content filter"}})
    with ModelServer(answers(GOOD), refused, *BOTH_WELL[2:]) as server:
        summary = generated(server, clock, tmp_path)
    assert summary["accepted"] == 1
    assert "content filter" in (tmp_path / "rejected.json").read_text()
    with ModelServer() as server:  # and it is remembered
        assert generated(server, clock, tmp_path)["accepted"] == 1
    # As the very first answer it is about the settings.
    with ModelServer(refused) as server, pytest.raises(ReasoningError, match="content filter"):
        generated(server, clock, tmp_path / "new")


def test_an_empty_answer_is_none(tmp_path: Path, clock: FakeClock) -> None:
    empty = replies(200, completion("", finish_reason="stop"))
    with ModelServer(answers(GOOD), empty, *BOTH_WELL[2:]) as server:
        assert generated(server, clock, tmp_path)["accepted"] == 1
    with (
        ModelServer(replies(200, completion(None, finish_reason="length"))) as server,
        pytest.raises(ReasoningError, match="raise --max-tokens"),
    ):
        generated(server, clock, tmp_path / "new")
    with ModelServer(replies(200, {"no": 1})) as server, pytest.raises(ReasoningError, match="expected a chat completion"):
        generated(server, clock, tmp_path / "other")


class AnsweringByQuestion(ModelServer):
    """Knows both faces, and waits with its first two answers until both were asked."""

    def __init__(self) -> None:
        super().__init__()
        self._both_asked = threading.Barrier(2, timeout=PATIENCE_S)

    def _serve(self, handler: Handler) -> None:
        system, user = (
            message["content"]
            for message in json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))["messages"][:2]
        )
        happy = "lip corner" in user
        if system.startswith("You explain"):
            self._both_asked.wait()
            answers(GOOD if happy else ANGRY_TEXT)(handler)
        else:
            answers("Happiness" if happy else "Anger")(handler)


def test_several_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    with AnsweringByQuestion() as server:
        summary = generated(server, clock, tmp_path, parallel=2)
    assert summary["accepted"] == 2
    assert [record.file_name for record in read_expllm_records(tmp_path / "records.json")] == ["happy.png", "angry.png"]
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 4


def test_errors_before_anything_is_asked(tmp_path: Path, clock: FakeClock) -> None:
    with ModelServer() as server:
        with pytest.raises(SettingsError, match="attempts: expected a whole number from 1, found 0"):
            generated(server, clock, tmp_path, attempts=0)
        with pytest.raises(DatasetError, match="labels: expected faces of Fear, found Anger, Happiness"):
            generated(server, clock, tmp_path, labels=["Fear"])
        with pytest.raises(DatasetError, match=r"record 1: happy\.png \(Happiness\) comes a second time"):
            generate_descriptions([HAPPY, HAPPY], tmp_path, connector(server, clock), FORM)
        assert server.received == []
