from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.service import Service
from realtime_fer.pipeline.summary import summarise, write_summary
from realtime_fer.reasoning.supervision.health import ReasonerLedger
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeTracker, make_frame


def test_has_what_the_command_line_promises(tmp_path: Path) -> None:
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    service = Service(FakeSource([make_frame(i) for i in range(4)]), fast_path, publish=lambda _r: None, every_frame=True)
    assert service.open()
    service.start()
    assert service.wait(20)
    service.stop()
    summary = summarise(service, models=[{"name": "m", "sha256": "00"}], messages_published=7)
    write_summary(tmp_path / "s.json", summary)
    read = json.loads((tmp_path / "s.json").read_text())
    assert read == summary
    assert (read["frames_captured"], read["frames_processed"], read["frames_dropped"]) == (4, 4, 0)
    assert (read["faces_total"], read["tracks_total"], read["frames_with_face"]) == (4, 1, 4)
    assert set(read["latency_ms"]) == {"p50", "p95", "p99"}
    assert {"detect", "track", "crop", "classify", "smooth", "publish", "queue", "total", "frame"} <= set(read["stage_ms"])
    assert read["stage_ms"]["detect_model"] == 1.0
    assert read["models"] == [{"name": "m", "sha256": "00"}]
    assert read["messages_published"] == 7
    assert read["error"] is None
    assert read["reasoning"] is None
    assert list(tmp_path.iterdir()) == [tmp_path / "s.json"]


def test_the_reasoner_is_counted() -> None:
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    service = Service(FakeSource([]), fast_path, publish=lambda _r: None)
    ledger = ReasonerLedger(
        name="chain", version="0.1", asked=7, answered=3, failed=1, replaced=2, cancelled=1, last_error="why"
    )
    reasoning = summarise(service, models=[], messages_published=0, reasoner=ledger.snapshot(0))["reasoning"]
    assert (reasoning["name"], reasoning["version"], reasoning["last_error"]) == ("chain", "0.1", "why")
    assert [reasoning[key] for key in ("asked", "answered", "failed", "replaced", "cancelled")] == [7, 3, 1, 2, 1]
    assert reasoning["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    ledger.latencies_ms.append(20.0)
    reasoning = summarise(service, models=[], messages_published=0, reasoner=ledger.snapshot(0))["reasoning"]
    assert reasoning["latency_ms"] == {"p50": 20.0, "p95": 20.0, "p99": 20.0}


def test_a_run_without_frames_has_no_latency() -> None:
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    service = Service(FakeSource([]), fast_path, publish=lambda _r: None)
    assert service.open()
    service.start()
    assert service.wait(20)
    service.stop()
    assert summarise(service, models=[], messages_published=0)["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_what_was_unreadable_is_told() -> None:
    source = FakeSource([])
    source.pictures_skipped, source.problem = 3, "x.png: damaged"
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    summary = summarise(Service(source, fast_path, publish=lambda _r: None), models=[], messages_published=0)
    assert (summary["pictures_skipped"], summary["source_problem"]) == (3, "x.png: damaged")


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="cannot be written"):
        write_summary(tmp_path / "none" / "s.json", {})
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "s.json.partial").mkdir()
    with pytest.raises(PublishingError, match="cannot be written"):
        write_summary(tmp_path / "folder" / "s.json", {})


def test_half_a_summary_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_self: Path, _target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(PublishingError, match="No space left on device"):
        write_summary(tmp_path / "s.json", {})
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_summary(path, {"error": None})
        assert json.loads(os.read(reader, 1 << 16)) == {"error": None}
        assert path.is_fifo()
    finally:
        os.close(reader)
    with pytest.raises(PublishingError, match="cannot be written"):
        write_summary(path, {})  # nobody reads it


def test_a_link_is_followed_and_not_replaced(tmp_path: Path) -> None:
    """As /dev/stdout is one, here to a file."""
    (tmp_path / "file").write_text("longer than what comes now")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_summary(tmp_path / "link", {})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "{}\n"
