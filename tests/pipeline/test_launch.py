"""How `launch` joins the slow path to the service; whole runs are in tests/commands."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.display.remark import Remark
from realtime_fer.errors import SourceUnavailableError
from realtime_fer.pipeline import launch as room
from realtime_fer.pipeline.launch import launch
from realtime_fer.pipeline.service import Service
from realtime_fer.pipeline.sinks import RecordingSink
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerLedger
from realtime_fer.settings import Nested, load_settings
from realtime_fer.types import FrameResult


class FakeReasoning:
    name = "reasoning"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def put(self, result: FrameResult) -> None: ...

    def remarks(self, _result: FrameResult) -> dict[int, Remark]:
        return {}

    def health(self) -> ReasonerHealth:
        return ReasonerLedger(name="fake").snapshot(0)

    def finish(self, timeout_s: float, _give_up: threading.Event) -> bool:
        self.calls.append(f"finish {timeout_s:g}")
        return True

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def reasoning(monkeypatch: pytest.MonkeyPatch) -> FakeReasoning:
    fake = FakeReasoning()
    monkeypatch.setattr(room, "build_reasoning", lambda *_, **__: fake)
    return fake


def test_the_reasoner_starts_first_and_speaks_in_video_and_window(
    reasoning: FakeReasoning, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: dict[str, Any] = {}

    class Recording(RecordingSink):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            given["recording"] = named["remarks"]
            super().__init__(*arguments, **named)

    def run(service: Service, **named: Any) -> int:
        given["window"] = named["remarks"]
        given["calls"] = list(reasoning.calls)
        named["at_end_of_source"](threading.Event())
        return 0

    monkeypatch.setattr(room, "RecordingSink", Recording)
    monkeypatch.setattr(room, "run_in_foreground", run)
    flags: Nested = {
        "source": {"spec": "demo:1"},
        "publish": {"enabled": False},
        "output": {"headless": True, "record": tmp_path / "v.avi"},
        "reasoning": {"finish_s": 7.0},
    }
    assert launch(load_settings(flags=flags), quiet=True) == 0
    assert given["calls"] == ["start"]
    assert given["recording"] == given["window"] == reasoning.remarks
    assert reasoning.calls == ["start", "finish 7", "close"]


def test_a_source_that_cannot_be_opened_leaves_no_reasoner_behind(reasoning: FakeReasoning) -> None:
    flags: Nested = {"source": {"spec": "97"}, "publish": {"enabled": False}, "output": {"headless": True}}
    with pytest.raises(SourceUnavailableError):
        launch(load_settings(flags=flags), quiet=True)
    assert reasoning.calls == ["start", "close"]
