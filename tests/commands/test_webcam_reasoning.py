"""The slow path beside the running service: whatever its process does, frames go on, and every question is accounted for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.publishing.message import (
    FrameMessage,
    HealthMessage,
    Message,
    ReasoningMessage,
    ReasoningPartialMessage,
    TrackReasoningMessage,
)
from realtime_fer.publishing.subscriber import Subscriber
from tests.reasoning.questions import PATIENCE_S, is_running, wait_for

FACTORY = "tests.commands.reasoners:always"
CHECKOUT = Path(__file__).parents[2]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("REALTIME_FER_", "DISPLAY", "WAYLAND"))}
EAGER = {"REALTIME_FER_REASONING__QUESTIONS_PER_S": "20", "REALTIME_FER_REASONING__REFRESH_S": "1"}
"""So that a test need not wait for what happens on a face."""


class Run:
    """The service on the endless demo, and what a subscriber hears of it."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.endpoint = f"ipc://{folder}/s"
        fixed = ("--source", "demo:0", "--headless", "--bind", self.endpoint)
        files = ("--results", str(folder / "r.jsonl"), "--summary", str(folder / "s.json"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "realtime_fer.webcam", *fixed, *files, *arguments],
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**ENVIRONMENT, **EAGER, **environment},
        )
        self.subscriber = Subscriber(self.endpoint)

    def hear(self, condition: Callable[[Message], bool], what: str) -> Message:
        """The first message from now on that is so."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = self.subscriber.receive(timeout_s=1.0)
            if message is not None and condition(message):
                return message
            assert self.process.poll() is None, self.process.communicate()[1]
        raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")

    def hear_reasoning(self, condition: Callable[[ReasoningMessage], bool], what: str) -> ReasoningMessage:
        message = self.hear(lambda m: isinstance(m, ReasoningMessage) and condition(m), what)
        assert isinstance(message, ReasoningMessage)
        return message

    def hear_failure(self, kind: str) -> ReasoningMessage:
        return self.hear_reasoning(lambda m: m.error is not None and m.error.kind == kind, kind)

    def hear_health(self, state: str) -> HealthMessage:
        message = self.hear(
            lambda m: isinstance(m, HealthMessage) and m.reasoning is not None and m.reasoning.state == state, state
        )
        assert isinstance(message, HealthMessage)
        return message

    def hear_ten_more_frames(self) -> None:
        for _ in range(10):
            self.hear(lambda message: isinstance(message, FrameMessage), "a frame")

    def stop(self) -> dict[str, Any]:
        """End it in order; its summary."""
        self.process.send_signal(signal.SIGTERM)
        _, stderr = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 143, stderr
        assert "Traceback" not in stderr
        summary: dict[str, Any] = json.loads((self.folder / "s.json").read_text())
        assert summary["error"] is None
        assert summary["restarts"] == {"capture": 0, "process": 0, "health": 0}
        reasoning = summary["reasoning"]
        ended = sum(reasoning[how] for how in ("answered", "failed", "replaced", "cancelled"))
        assert reasoning["asked"] == ended > 0
        return summary

    def lines(self, kind: str) -> list[dict[str, Any]]:
        read = [json.loads(line) for line in (self.folder / "r.jsonl").read_text().splitlines()]
        return [line for line in read if line["kind"] == kind]


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Run] = []

    def start_one(*arguments: str, factory: str = FACTORY, deed: str | None = None, **environment: str) -> Run:
        option = () if deed is None else ("--reasoner-option", f"deed={deed}")
        reasoner = ("--reasoner-factory", factory, *option)
        started.append(Run(tmp_path, *reasoner, *arguments, **environment))
        return started[-1]

    yield start_one
    for run in started:
        run.subscriber.close()
        run.process.kill()
        run.process.communicate()


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_questions_are_answered_published_written_and_counted(start: Start, encoding: str) -> None:
    run = start("--encoding", encoding)
    said = run.hear_reasoning(lambda m: m.answer is not None, "an answer")
    assert said.topic == "reasoning"
    assert said.reason == "new_face"
    assert said.answer is not None
    assert (said.answer.model, said.answer.compound_label) == ("misbehaving", "Sadly Fearful")
    assert said.answer.steps[0].distribution == {"Sadness": 0.9, "Fear": 0.1}
    assert said.evidence is not None
    assert said.evidence.since_asked_s is None
    assert said.evidence.settled_s >= 0.4
    assert said.source == "demo"
    assert said.capture_monotonic_ns < said.asked_monotonic_ns < said.answered_monotonic_ns
    again = run.hear_reasoning(lambda m: m.track_id == said.track_id, "the next question about the same face")
    assert again.keyframe_id > said.keyframe_id
    assert again.evidence is not None
    assert again.evidence.since_asked_s is not None
    health = run.hear_health("ready").reasoning
    assert health is not None
    assert (health.name, health.version, health.failed) == ("misbehaving", "0.1", 0)
    with Subscriber(run.endpoint, topics=["reasoning"]) as late:
        message = late.receive(timeout_s=PATIENCE_S)
        assert isinstance(message, ReasoningMessage)
    summary = run.stop()
    assert health.pid is not None
    assert not is_running(health.pid)
    lines = run.lines("reasoning")
    reasoning = summary["reasoning"]
    assert len(lines) == reasoning["answered"] >= 2
    assert reasoning["failed"] == 0
    assert reasoning["latency_ms"]["p50"] > 0
    assert [line["keyframe_id"] for line in lines] == sorted({line["keyframe_id"] for line in lines})
    frames = {line["frame_id"]: line for line in run.lines("frame")}
    assert len(frames) == summary["frames_processed"]
    frame = frames[said.frame_id]
    assert frame["capture_monotonic_ns"] == said.capture_monotonic_ns
    assert said.track_id in {face["track_id"] for face in frame["faces"]}


def test_words_come_before_their_answer_and_the_last_answer_stays_with_its_face(start: Start) -> None:
    run = start("--encoding", "msgpack", factory="tests.commands.reasoners:speaking")
    words = run.hear(lambda m: isinstance(m, ReasoningPartialMessage), "words")
    assert isinstance(words, ReasoningPartialMessage)
    assert (words.topic, words.source, words.step) == ("reasoning.partial", "demo", "primary")
    said = run.hear_reasoning(lambda m: m.keyframe_id == words.keyframe_id, "the answer they belong to")
    assert said.answer is not None
    assert said.answer.text.startswith(words.text)
    assert (said.track_id, said.capture_monotonic_ns) == (words.track_id, words.capture_monotonic_ns)
    (claim,) = said.answer.claims
    assert (claim.kind, claim.name) == ("expression", "sadness")
    assert claim.grounding in ("agree", "contradict", "unknown")
    with Subscriber(run.endpoint, topics=["reasoning.face."]) as late:
        kept = late.receive(timeout_s=PATIENCE_S)
    assert isinstance(kept, TrackReasoningMessage)
    assert kept.answer is not None
    run.stop()
    assert not run.lines("reasoning_partial")
    assert run.lines("reasoning")


@pytest.mark.parametrize(
    ("deed", "kind", "says"),
    [
        ("HANG", "timed_out", "no answer within 0.5 s, killed"),
        ("GARBAGE", "garbage", "expected at most"),
    ],
)
def test_whatever_the_reasoner_does_the_fast_path_goes_on(start: Start, deed: str, kind: str, says: str) -> None:
    run = start(deed=deed, REALTIME_FER_REASONING__ANSWER_TIMEOUT_S="0.5")
    failure = run.hear_failure(kind)
    assert failure.answer is None
    assert failure.error is not None
    assert says in failure.error.message
    run.hear_ten_more_frames()
    summary = run.stop()
    assert summary["reasoning"]["failed"] >= 1
    assert summary["reasoning"]["answered"] == 0
    assert summary["reasoning"]["timed_out"] == (summary["reasoning"]["failed"] if deed == "HANG" else 0)
    assert says in summary["reasoning"]["last_error"]
    assert len(run.lines("reasoning")) == summary["reasoning"]["failed"]


def test_killing_the_reasoner_in_the_middle_of_an_answer_costs_that_answer(start: Start) -> None:
    run = start(deed="HANG")
    health = run.hear_health("busy").reasoning
    assert health is not None
    assert health.pid is not None
    assert health.pid != run.process.pid
    os.kill(health.pid, signal.SIGKILL)
    failure = run.hear_failure("died")
    assert failure.error is not None
    assert "SIGKILL" in failure.error.message
    assert not is_running(health.pid)
    run.hear_ten_more_frames()
    after = run.hear_health("busy").reasoning
    assert after is not None
    assert after.restarts == 1
    assert after.pid not in (None, health.pid)
    summary = run.stop()
    assert summary["reasoning"]["restarts"] == 1
    wait_for(lambda: not is_running(after.pid or 0), "the second process to be gone")


def test_a_reasoner_that_cannot_start_does_not_stop_the_fast_path(start: Start) -> None:
    run = start(factory="tests.reasoning.supervision.fake_reasoners:without_its_model")
    health = run.hear_health("failed")
    assert health.state == "running"
    assert health.reasoning is not None
    assert "model 'nothing': not on the shelf" in (health.reasoning.last_error or "")
    failure = run.hear_failure("unavailable")
    assert failure.error is not None
    assert "not on the shelf" in failure.error.message
    run.hear_ten_more_frames()
    summary = run.stop()
    assert summary["reasoning"]["answered"] == 0
    assert summary["reasoning"]["failed"] >= 1


def run_once(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime_fer.webcam", "--headless", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=CHECKOUT,
        env={**ENVIRONMENT, **environment},
        check=False,
    )


def test_at_the_end_of_a_recording_open_questions_are_waited_for(tmp_path: Path) -> None:
    files = ("--results", tmp_path / "r", "--summary", tmp_path / "s")
    done = run_once("--source", "demo:20", "--every-frame", "--no-publish", *files, "--reasoner-factory", FACTORY)
    assert done.returncode == 0, done.stderr
    reasoning = json.loads((tmp_path / "s").read_text())["reasoning"]
    assert (reasoning["asked"], reasoning["answered"]) == (2, 2), "twenty frames are over before any process starts"
    lines = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert sorted(line["track_id"] for line in lines if line["kind"] == "reasoning") == [1, 2]
    assert "2 of 2 questions answered" in done.stderr


def test_without_a_reasoner_nothing_is_said_of_one(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"reasoning: {{factory: '{FACTORY}'}}")
    flags = ("--profile", tmp_path / "p.yaml", "--reasoner", "none")
    done = run_once("--source", "demo:3", "--every-frame", "--no-publish", "--summary", tmp_path / "s", *flags)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "s").read_text())["reasoning"] is None
    assert "questions" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reasoner", "oracle"], "'oracle' is not one of 'none', 'chain-of-affect-tiny'"),
        (["--reasoner", "openai"], "reasoner openai: needs the options base_url, model; try: --reasoner-option base_url=..."),
        (["--reasoner-factory", "no factory"], 'expected "package.module:function"'),
        (["--reasoner", "openai", "--reasoner-factory", "a.b:c"], "--reasoner and --reasoner-factory"),
        (["--reasoner-option", "novalue"], "novalue: expected KEY=VALUE"),
        (["--reasoner-option", "a=["], "a: '[' cannot be read"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], says: str) -> None:
    done = run_once("--source", "demo:3", "--no-publish", *arguments)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert says in done.stderr
