from __future__ import annotations

from typing import Any

from rich.console import Console

from realtime_fer.publishing.envelope import LatencyHealth
from realtime_fer.publishing.live_table import LiveTable
from realtime_fer.publishing.message import StageHealth
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


def test_a_publisher_that_went_away_is_said_below_what_is_the_past_now() -> None:
    table = LiveTable("tcp://x")
    table.update(MessageStamper().stamp(contents.frame()), 1.0)
    assert "went away" in drawn(table, connection="tcp://x went away; connecting again")
    assert "connected" not in drawn(table, connection="connected to tcp://x, which publishes nothing on these topics")


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


def test_what_was_reasoned_about_the_faces_in_view_is_shown_with_its_age() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    later = contents.frame(faces=1).model_copy(update={"capture_monotonic_ns": 5_000_000_007 + 4 * 10**9})
    for content in (contents.reasoning(track_id=1), contents.reasoning(track_id=2), later):
        table.update(stamper.stamp(content), 1.0)
    text = drawn(table)
    assert "#1  4 s ago, mixed:  The face looks sadly fearful: sadness (75%) first, then fear." in text
    assert "#2" not in text, "that face is not in view"
    table.update(stamper.stamp(contents.reasoning(error="timed_out")), 1.0)
    assert "no answer (timed_out): no answer within 60 s, killed" in drawn(table)


def test_words_are_shown_as_they_come_until_the_answer_is_there() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    for content in (contents.frame(faces=1), contents.partial("The"), contents.partial("The face\x1b[2J", part=1)):
        table.update(stamper.stamp(content), 1.0)
    table.update(stamper.stamp(contents.partial("Not in view", track_id=2)), 1.0)
    text = drawn(table)
    assert "#1  now, primary:  The face [2J ..." in text
    assert "Not in view" not in text
    table.update(stamper.stamp(contents.reasoning()), 1.0)
    text = drawn(table)
    assert "now, primary" not in text
    assert "The face looks sadly fearful" in text


def test_of_a_long_description_the_end_is_shown() -> None:
    table, stamper = LiveTable("tcp://x"), MessageStamper()
    said = " ".join(f"word{number}" for number in range(200))
    for content in (contents.frame(faces=1), contents.partial(said)):
        table.update(stamper.stamp(content), 1.0)
    text = " ".join(drawn(table).split())
    assert "primary: ... word" in text
    assert "word199 ..." in text
    assert "word100" not in text


def test_who_comes_late_sees_the_last_answer_about_each_face() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    for content in (contents.frame(faces=2), contents.track_reasoning(track_id=1), contents.track_reasoning(track_id=2)):
        table.update(stamper.stamp(content), 1.0)
    assert drawn(table).count("mixed:  The face looks sadly fearful") == 2
    table.update(stamper.stamp(contents.reasoning(error="died", keyframe_id=4)), 1.0)
    table.update(stamper.stamp(contents.track_reasoning(track_id=1, keyframe_id=4)), 1.0)
    table.update(stamper.stamp(contents.track_reasoning("ended", track_id=2)), 1.0)
    assert drawn(table).count("The face looks sadly fearful") == 1, "what ended is still shown while the face is"


def test_words_of_a_model_do_not_steer_the_terminal() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    said = contents.reasoning()
    assert said.answer is not None
    spoilt = said.model_copy(update={"answer": said.answer.model_copy(update={"text": "one\x1b[2Jtwo\nthree"})})
    for content in (spoilt, contents.frame()):
        table.update(stamper.stamp(content), 1.0)
    assert "one [2Jtwo three" in drawn(table)


def test_nor_do_names_from_another_program() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    stage = StageHealth(name="a\x1b[2J", state="failed", restarts=1, last_error="b\x1b[3J")
    health = contents.health().model_copy(update={"stages": (stage,)})
    for content in (contents.frame().model_copy(update={"source": "c\x1b[4J"}), health):
        table.update(stamper.stamp(content), 1.0)
    shown = drawn(table)
    assert "\x1b" not in shown
    assert all(text in shown for text in ("a [2J", "b [3J", "c [4J"))


def test_answers_about_faces_that_went_away_are_forgotten() -> None:
    table = LiveTable("tcp://x")
    stamper = MessageStamper()
    for track_id in range(1, 100):
        table.update(stamper.stamp(contents.reasoning(track_id=track_id)), 1.0)
    assert len(table._reasoning) == 64


def test_the_reasoner_is_shown_in_health() -> None:
    table = LiveTable("tcp://x")
    health = contents.health().model_copy(
        update={"reasoning": contents.reasoner_health("failed", "cannot start: no such file")}
    )
    table.update(MessageStamper().stamp(health), 1.0)
    text = drawn(table)
    assert "reasoner chain failed  answered 4 of 9, failed 1, replaced 1  p50 300 ms  1 restarts" in text
    assert "last: cannot start: no such file" in text


def test_a_restart_clears_what_was_shown() -> None:
    table = LiveTable("tcp://x")
    old, new = MessageStamper(), MessageStamper()
    table.update(old.stamp(contents.frame(123)), 1.0)
    table.update(old.stamp(contents.reasoning()), 1.0)
    table.update(new.stamp(contents.health()), 1.0)
    assert "frame 123" not in drawn(table)
    table.update(new.stamp(contents.frame()), 1.0)
    assert "sadly fearful" not in drawn(table)
