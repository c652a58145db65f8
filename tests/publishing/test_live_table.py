from __future__ import annotations

from typing import Any

from rich.console import Console

from realtime_fer.publishing.live_table import LiveTable
from realtime_fer.publishing.message import LatencyHealth, StageHealth
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


def drawn(table: LiveTable, **changes: Any) -> str:
    console = Console(width=140, record=True, file=None, force_terminal=False)
    counts: dict[str, Any] = {"connection": "no publisher answers", "lost": {}, "restarts": 0, "malformed": 0, **changes}
    with console.capture() as capture:
        console.print(table.render(**counts))
    return capture.get()


def test_without_messages_it_says_why() -> None:
    assert "waiting: no publisher answers" in drawn(LiveTable("tcp://x"))


def test_faces_are_shown_with_what_they_express() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    table.update(stamper.stamp(contents.frame(7, faces=2)), 12.0)
    table.update(stamper.stamp(contents.frame(8, faces=2)), 14.0)
    text = drawn(table)
    for shown in (
        "clip.mp4",
        "64x48",
        "frame 8",
        "happiness",
        "65%",
        "+0.50",
        "-0.25",
        "10, 20, 40 x 40",
        "detected",
        "13.0 ms",
    ):
        assert shown in text
    assert "nothing lost" in text


def test_no_face_is_said() -> None:
    table = LiveTable("tcp://x")
    table.update(MessageStamper().stamp(contents.frame(faces=0)), 1.0)
    assert "no face" in drawn(table)


def test_health_and_troubles_are_shown() -> None:
    table = LiveTable("tcp://x")
    sick = contents.health().model_copy(
        update={
            "state": "degraded",
            "latency_ms": LatencyHealth(p50=20, p95=30, p99=40),
            "stages": (StageHealth(name="classify", state="restarting", restarts=2, last_error="out of memory"),),
            "refused_connections": 3,
        }
    )
    table.update(MessageStamper().stamp(sick), 1.0)
    text = drawn(table, lost={"frame": 4}, restarts=1, malformed=2)
    for shown in ("no frame yet", "degraded", "90 of 100", "p50 20 p95 30 p99 40", "3 connections refused"):
        assert shown in text
    for shown in ("classify restarting, 2 restarts: out of memory", "lost 4 of frame", "restarted 1 times", "2 malformed"):
        assert shown in text


def test_a_restart_clears_what_was_shown() -> None:
    table = LiveTable("tcp://x")
    table.update(MessageStamper().stamp(contents.frame(123)), 1.0)
    table.update(MessageStamper().stamp(contents.health()), 1.0)
    assert "frame 123" not in drawn(table)
