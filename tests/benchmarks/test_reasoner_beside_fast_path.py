from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import busy_reasoner, reasoner_beside_fast_path
from benchmarks.reasoner_beside_fast_path import NEVER_IDLE, STAND_IN, TINY, Block, choose_settings, compare, measure
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.reasoning.supervision.health import ReasonerLedger
from realtime_fer.sources.source import Source
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeTracker, make_frame
from tests.reasoning.questions import request


def fast_path() -> FastPath:
    return FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother(), min_quality=0.0)


def make_source() -> Source:
    return FakeSource([make_frame(i) for i in range(40)])


def block(*latencies_ms: float, busy: float = 0.0) -> Block:
    made = Block()
    made.latencies_ms, made.busy = list(latencies_ms), busy
    return made


def test_both_kinds_of_blocks_are_measured_in_turn() -> None:
    settings = choose_settings(None, STAND_IN, {"seconds": 0.001})
    result = measure(fast_path(), make_source, settings, rounds=2)
    assert result["frames"] == {"without": 80, "with": 80}
    assert result["dropped"] == {"without": 0, "with": 0}
    assert result["busy"]["without"] == 0.0
    reasoner = result["reasoner"]
    assert reasoner["name"] == "busy-stand-in"
    assert reasoner["asked"] == reasoner["answered"] + reasoner["replaced"] > 0
    assert reasoner["failed"] == 0
    assert len(result["ratio_by_round"]["p99"]) == 2


def test_ratios_are_those_of_all_frames_and_of_each_round() -> None:
    without, beside = [block(10, 10), block(20, 20)], [block(15, 15, busy=1.0), block(20, 20, busy=0.5)]
    result = compare(without, beside, ReasonerLedger(name="r").snapshot(0))
    assert result["latency_ms"]["without"]["p50"] == 15.0
    assert result["latency_ms"]["with"]["p50"] == 17.5
    assert result["ratio"]["p50"] == round(17.5 / 15, 3)
    assert result["ratio_by_round"] == {"p50": [1.5, 1.0], "p99": [1.5, 1.0]}
    assert result["busy"] == {"without": 0.0, "with": 0.75}


def test_a_reasoner_that_fails_says_why() -> None:
    settings = choose_settings(None, "tests.reasoning.supervision.fake_reasoners:without_its_model", {})
    with pytest.raises(SystemExit, match=r"the reasoner is failed: .*not on the shelf"):
        measure(fast_path(), make_source, settings, rounds=1)


def test_the_default_is_the_tiny_model_where_it_is_and_a_stand_in_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasoner_beside_fast_path, "list_models", list)
    settings = choose_settings(None, None, {})
    assert (settings.name, settings.factory) == ("none", STAND_IN)
    assert settings.questions_per_s == NEVER_IDLE["questions_per_s"]

    class Model:
        class manifest:  # noqa: N801 - as on the shelf
            name = TINY

    monkeypatch.setattr(reasoner_beside_fast_path, "list_models", lambda: [Model])
    settings = choose_settings(None, None, {})
    assert (settings.name, settings.factory) == (TINY, None)


def test_the_stand_in_answers() -> None:
    answer = busy_reasoner.build(0.0).reason(request())
    assert answer.model_name == "busy-stand-in"


def test_the_command_prints_the_ratio_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*_: object, rounds: int, **__: object) -> dict[str, Any]:
        return compare([block(10, 10)] * rounds, [block(12, 12)] * rounds, ReasonerLedger(name="r").snapshot(0))

    class Model:
        name = "classifier"

    monkeypatch.setattr(reasoner_beside_fast_path, "build_fast_path", lambda _settings: (fast_path(), [Model()]))
    monkeypatch.setattr(reasoner_beside_fast_path, "measure", measured)
    path = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["x", "--rounds", "2", "--reasoner-factory", STAND_IN, "--json", str(path)])
    reasoner_beside_fast_path.main()
    printed = capsys.readouterr().out
    assert "with over without: p50 1.20, p99 1.20 (target: at most 1.5)" in printed
    assert json.loads(path.read_text())["ratio"] == {"p50": 1.2, "p99": 1.2}
