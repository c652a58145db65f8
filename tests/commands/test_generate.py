"""`realtime-fer generate chain-of-thought`, against a server of the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from realtime_fer.cli import cli, run
from realtime_fer.datasets.expllm_records import read_expllm_records
from tests.reasoning.openai_compatible.conftest import environment
from tests.reasoning.openai_compatible.server import ModelServer, answers, replies
from tests.training.expllm.chain_of_thought.faces import ANGRY, GOOD, HAPPY, text_of

__all__ = ["environment"]

SCRIPT = (answers(GOOD), answers("Happiness"), answers(text_of("The brows are lowered.", "Anger.")), answers("Anger"))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    assert HAPPY.au_intensities is not None
    happy = {"file_name": "happy.png", "emo": "Happiness", "au": list(HAPPY.au_intensities)}
    angry = {"file_name": "angry.png", "emo": "Anger", "facs": [str(ANGRY.active[0].unit) + "D", "AU7"]}
    (tmp_path / "labels.json").write_text(json.dumps([happy, angry]))
    return tmp_path / "labels.json"


def arguments(server: ModelServer, labels: Path, *more: str) -> list[str]:
    out = str(labels.parent / "out")
    needed = ["--labels-file", str(labels), "--base-url", server.url, "--model", "writer", "--out", out, "--parallel", "1"]
    return ["generate", "chain-of-thought", *needed, *more]


def test_from_labels_to_records_and_on(labels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    body = '{"max_tokens": null, "max_completion_tokens": 50}'
    with ModelServer(*SCRIPT) as server:
        address = server.url
        result = CliRunner().invoke(cli, arguments(server, labels, "--limit", "1", "--extra-body", body))
        assert result.exit_code == 0, result.output
        assert len(server.received) == 2
        assert "1/1 faces, 1 accepted; 2 questions asked" in result.output
        result = CliRunner().invoke(
            cli, arguments(server, labels, "--extra-body", body, "--prompt-price", "1", "--completion-price", "2")
        )
        assert result.exit_code == 0, result.output
        assert "2/2 faces, 2 accepted; 2 questions asked, 2 known; 3244 + 12 tokens, cost 0.0033" in result.output
        assert "records.json: 2 of 2 faces" in result.output
        sent = server.received[0]
        assert ("max_tokens" in sent.body, sent.body["max_completion_tokens"]) == (False, 50)
        assert sent.headers["authorization"] == "Bearer sk-1"
    assert len(read_expllm_records(labels.parent / "out" / "records.json")) == 2
    assert "sk-1" not in (labels.parent / "out" / "calls.jsonl").read_text()
    assert address.startswith("http://127.0.0.1")


def test_where_nothing_is_accepted_it_says_where_to_look(labels: Path) -> None:
    with ModelServer(answers("I cannot."), *[answers("Happiness")] * 3) as server:
        result = CliRunner().invoke(cli, arguments(server, labels, "--limit", "1", "--attempts", "1"))
    assert result.exit_code == 0, result.output
    assert "rejected.json: says what was wrong with each description; accepted: 0 of 1 faces" in result.output
    assert "list it for" not in result.output


def test_what_goes_wrong_is_one_line(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(replies(401, {"error": "who are you?"})) as server:
        assert run(cli, arguments(server, labels), "prog") == 2
    assert "expected a key that it accepts, found 401" in capsys.readouterr().err
    with ModelServer() as server:
        assert run(cli, arguments(server, labels, "--label", "Fear"), "prog") == 2
        assert "expected faces of Fear, found Anger, Happiness" in capsys.readouterr().err
        for body in ("[1]", "{", '{"model": "x"}'):
            assert run(cli, arguments(server, labels, "--extra-body", body), "prog") == 2
            assert "expected a JSON object" in capsys.readouterr().err
        assert server.received == []
