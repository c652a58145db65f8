"""How `launch` joins the slow path to the service; whole runs are in tests/commands."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.display.remark import Remark
from realtime_fer.errors import PublishingError, SourceUnavailableError
from realtime_fer.pipeline import launch as room
from realtime_fer.pipeline.launch import launch
from realtime_fer.pipeline.service import Service
from realtime_fer.pipeline.sinks import RecordingSink
from realtime_fer.pipeline.summary import summarise
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerLedger
from realtime_fer.settings_layers import Nested, load_settings
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


def test_a_source_that_cannot_be_opened_leaves_no_reasoner_behind_and_earlier_results_as_they_are(
    reasoning: FakeReasoning, tmp_path: Path
) -> None:
    flags = short_run(tmp_path, results=tmp_path / "r.jsonl")
    flags["source"] = {"spec": "97"}
    (tmp_path / "r.jsonl").write_text("of an earlier run\n")
    with pytest.raises(SourceUnavailableError):
        launch(load_settings(flags=flags), quiet=True)
    assert reasoning.calls == ["start", "close"]
    assert (tmp_path / "r.jsonl").read_text() == "of an earlier run\n"


def short_run(tmp_path: Path, **output: Any) -> Nested:
    return {
        "source": {"spec": "demo:1", "every_frame": True},
        "publish": {"enabled": False},
        "output": {"headless": True, "summary": tmp_path / "s.json", **output},
    }


needs_full = pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")


@needs_full
def test_a_results_file_without_room_is_no_success(tmp_path: Path) -> None:
    assert launch(load_settings(flags=short_run(tmp_path, results=Path("/dev/full"))), quiet=True) == 1
    summary = json.loads((tmp_path / "s.json").read_text())
    assert summary["frames_processed"] == 1
    assert "No space left on device" in summary["error"]


@needs_full
def test_a_summary_without_room_is_no_bad_input_and_costs_no_closing_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = short_run(tmp_path, summary=Path("/dev/full"))
    assert launch(load_settings(flags=flags)) == 1
    assert Path("/dev/full").is_char_device()
    said = capsys.readouterr().err
    assert "demo: 1 of 1 frames, " in said
    assert "/dev/full: the summary cannot be written (No space left on device)" in said


def test_a_second_signal_does_not_cost_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, **named: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        return summarise(*arguments, **named)

    monkeypatch.setattr(room, "summarise", interrupted)
    assert launch(load_settings(flags=short_run(tmp_path)), quiet=True) == 0
    assert (tmp_path / "s.json").is_file()


def test_outputs_are_looked_at_before_anything_starts(reasoning: FakeReasoning, tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="does not exist"):
        launch(load_settings(flags=short_run(tmp_path, record=tmp_path / "none" / "v.mp4")), quiet=True)
    assert reasoning.calls == []


def test_the_closing_line_counts_what_was_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.zeros((48, 64, 3), np.uint8))
    (folder / "b.png").write_text("no picture")
    flags = short_run(tmp_path)
    flags["source"]["spec"] = str(folder)
    assert launch(load_settings(flags=flags)) == 0
    assert "1 of 1 frames (1 more unreadable), " in capsys.readouterr().err
