"""`realtime-fer evaluate chain-of-affect`: what reaches the test, and what is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("sklearn", reason="needs the train extra")

from realtime_fer.cli import cli
from realtime_fer.commands.evaluate.command import evaluate
from realtime_fer.evaluation.chain_of_affect.protocol import RAF_DB_BASIC, ChainAnswers, ChainCase
from realtime_fer.evaluation.chain_of_affect.report import ChainReport, chain_report

OPTIONS = "--model m --adapter a --data t.json --images i --images j --protocol raf-db-basic"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands for the module that needs torch; holds what it was called with."""
    seen: dict[str, Any] = {}

    def evaluate_chain(**settings: Any) -> ChainReport:
        seen.update(settings)
        settings["progress"](1, 1)
        return chain_report(RAF_DB_BASIC, [(ChainCase("a.jpg", "Fear"), ChainAnswers("Fear"))], {})

    module = ModuleType("realtime_fer.evaluation.chain_of_affect.run")
    module.evaluate_chain = evaluate_chain  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def run(arguments: str) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *arguments.split()])


def test_options_reach_the_test(asked: dict[str, Any]) -> None:
    result = run(f"chain-of-affect {OPTIONS} --variant training --device cuda:1 --dtype float32 --threads 2 --limit 9 --out o")
    assert result.exit_code == 0, result.output
    assert (asked["model"], asked["adapter"], asked["data"]) == (Path("m"), Path("a"), Path("t.json"))
    assert (asked["images"], asked["protocol"], asked["out"]) == ((Path("i"), Path("j")), "raf-db-basic", Path("o"))
    assert (asked["variant"], asked["device"], asked["dtype"]) == ("training", "cuda:1", "float32")
    assert (asked["threads"], asked["limit"]) == (2, 9)
    assert "WAR  1.0000" in result.output
    assert "1/1" in result.stderr


def test_the_last_line_is_json(asked: dict[str, Any]) -> None:
    result = run(f"chain-of-affect {OPTIONS} --json")
    assert json.loads(result.stdout.splitlines()[-1])["uar"] == 1.0
    assert asked["out"] == Path("runs/chain-of-affect-raf-db-basic")
    assert (asked["variant"], asked["device"], asked["dtype"]) == (None, "auto", "auto")


def test_the_command_alone_too(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(evaluate, ["chain-of-affect", *OPTIONS.split()])
    assert result.exit_code == 0, result.output
    assert asked["model"] == Path("m")


def test_other_names_are_evaluated_as_before(asked: dict[str, Any]) -> None:
    result = run("yolov8n-face --data d --protocol raf-db-basic")
    assert result.exit_code == 2
    assert "'raf-db-basic' is not one of" in result.output
    assert not asked


def test_help_names_both() -> None:
    assert "evaluate chain-of-affect --help" in " ".join(run("--help").output.split())
    assert "raf-db-compound   two questions" in run("chain-of-affect --help").output


@pytest.mark.parametrize("option", ["--model", "--data", "--images", "--protocol"])
def test_what_is_needed_is_asked_for(asked: dict[str, Any], option: str) -> None:
    words = f"chain-of-affect {OPTIONS}".replace("--images j ", "").split()
    at = words.index(option)
    result = run(" ".join(words[:at] + words[at + 2 :]))
    assert result.exit_code == 2
    assert f"Missing option '{option}'" in result.output
