"""A real process, asked, stopped and left behind; see fake_reasoners.py."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.outcome import ReasoningOutcome
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_talk import ChildTalk
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from tests.reasoning.questions import PATIENCE_S, is_running, request, wait_for
from tests.reasoning.supervision import fake_reasoners as fakes
from tests.reasoning.supervision.watched import Start

FACTORY = "tests.reasoning.supervision.fake_reasoners:"
GIB = 1 << 30


def test_an_answer_comes_back_with_all_that_belongs_to_it(start: Start) -> None:
    supervisor = start()
    assert supervisor.health().state is ReasonerState.STARTING
    crop = np.random.default_rng(0).integers(0, 256, (1100, 900, 3), dtype=np.uint8)  # more than a socket holds
    asked = request(7, fakes.WELL, crop)
    assert supervisor.submit(asked)
    outcome = supervisor.next_outcome()
    assert outcome.failure is None
    assert outcome.answer is not None
    assert outcome.answer.text == (
        f"(1100, 900, 3) {int(crop.astype(np.int64).sum())} (1.0, 1.0, 3.0, 4.0) "
        "{'neutral': 0.25, 'sadness': 0.75} mixed 107 5000000007"
    )
    assert [(s.question, s.label, s.distribution) for s in outcome.answer.steps] == [
        ("primary", "Sadness", {"Sadness": 0.9, "Fear": 0.1}),
        ("secondary", "Fear", None),
    ]
    assert outcome.answer.compound_label == "Sadly Fearful"
    assert (outcome.request_id, outcome.track_id, outcome.frame_id) == (7, fakes.WELL, 107)
    assert (outcome.capture_monotonic_ns, outcome.capture_unix_ns) == (asked.capture_monotonic_ns, asked.capture_unix_ns)
    assert outcome.reason is asked.reason
    assert outcome.answered_monotonic_ns > outcome.asked_monotonic_ns
    health = supervisor.health()
    assert (health.state, health.name, health.version) == (ReasonerState.READY, "misbehaving", "0.1")
    assert (health.asked, health.answered, health.last_error, health.restarts) == (1, 1, None, 0)
    assert health.latency_ms is not None
    assert health.latency_ms["p50"] == pytest.approx(outcome.latency_ms, abs=0.001)


def test_the_child_is_limited_and_knows_no_torch(start: Start) -> None:
    supervisor = start(limits=ChildLimits(address_space_bytes=8 * GIB, niceness=3, threads=2))
    outcome = supervisor.ask(fakes.LIMITS)
    assert outcome.answer is not None
    told = ast.literal_eval(outcome.answer.text)
    assert told["niceness"] == min(19, os.nice(0) + 3)
    assert told["address_space"] == 8 * GIB
    assert told["threads"] == "2"
    assert told["oom_score"] in ("800", None)
    assert told["session"], "Ctrl-C is for the parent"
    assert not told["torch"]


def test_stop_ends_a_hanging_child(start: Start) -> None:
    supervisor = start()
    supervisor.submit(request(0, fakes.HANG_IN_NATIVE_CODE))
    supervisor.wait_until(ReasonerState.BUSY)
    supervisor.submit(request(1, fakes.WELL))
    pid = supervisor.health().pid
    assert supervisor.stop(PATIENCE_S)
    assert pid is not None
    assert not is_running(pid)
    health = supervisor.health()
    assert (health.state, health.cancelled, health.waiting) == (ReasonerState.STOPPED, 2, 0)
    assert supervisor.stop(), "once more changes nothing"
    assert not supervisor.submit(request(2))
    assert supervisor.health().asked == 2


def test_a_slow_start_keeps_the_newest_question_of_each_track(start: Start) -> None:
    supervisor = start("slow_to_start", {"seconds": 0.3})
    for request_id in range(3):
        assert supervisor.submit(request(request_id, track_id=21))
    assert supervisor.submit(request(3, track_id=22))
    first, second = supervisor.next_outcome(), supervisor.next_outcome()
    assert [first.request_id, second.request_id] == [2, 3]
    assert supervisor.health().replaced == 2


def test_outcomes_go_to_the_callback_whatever_it_does(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    got: list[tuple[int, str]] = []

    def on_outcome(outcome: ReasoningOutcome) -> None:
        got.append((outcome.request_id, threading.current_thread().name))
        raise RuntimeError("the listener is broken")

    supervisor = start(on_outcome=on_outcome)
    with caplog.at_level(logging.CRITICAL, "realtime_fer.reasoning.supervision.question_desk"):
        for request_id in range(2):
            supervisor.submit(request(request_id))
            wait_for(lambda request_id=request_id: len(got) > request_id, "the callback")  # type: ignore[misc]
    assert got == [(0, "realtime-fer-reasoner"), (1, "realtime-fer-reasoner")]
    assert supervisor.poll() == []


@pytest.mark.parametrize("track_id", [fakes.HANG, fakes.HANG_IN_NATIVE_CODE])
def test_the_child_dies_with_its_parent(track_id: int) -> None:
    if track_id == fakes.HANG_IN_NATIVE_CODE and sys.platform != "linux":
        pytest.skip("only Linux kills a process that no longer runs Python code")
    command = [sys.executable, "-m", "tests.reasoning.supervision.hanging_parent", str(track_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    wait_for(lambda: not is_running(pid), "the end of the child")


def test_submitting_takes_no_time_and_never_raises() -> None:
    supervisor = ReasonerSupervisor(FACTORY + "misbehaving")
    assert not supervisor.submit(request()), "not started"
    supervisor.cancel(1)
    assert supervisor.stop()
    assert supervisor.health().state is ReasonerState.STOPPED
    assert supervisor.submit("no request") is False  # type: ignore[arg-type]


def test_a_fault_of_its_own_ends_the_reasoning_only(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(ChildTalk, "hand_out", lambda _: 1 / 0)
    supervisor = ReasonerSupervisor(FACTORY + "misbehaving", limits=ChildLimits(niceness=0))
    with caplog.at_level(logging.CRITICAL, "realtime_fer.reasoning.supervision.supervisor"):
        supervisor.start()
        wait_for(lambda: supervisor.health().state is ReasonerState.FAILED, "the fault")
    assert supervisor.health().last_error == "supervisor: ZeroDivisionError: division by zero"
    assert not supervisor.submit(request())
    assert supervisor.stop(PATIENCE_S)
    assert supervisor.health().pid is None


@pytest.mark.parametrize(
    ("factory", "settings", "message"),
    [
        ("no colon", {}, "expected \"package.module:function\", found 'no colon'"),
        ("a.b:c", {"options": {"x": object()}}, "the options cannot be sent to a process"),
        ("a.b:c", {"options": {"x": float("nan")}}, "the options cannot be sent to a process"),
        ("a.b:c", {"answer_timeout_s": 0}, "answer_timeout_s must be above 0, found 0"),
        ("a.b:c", {"start_timeout_s": -1}, "start_timeout_s must be above 0, found -1"),
    ],
)
def test_bad_settings_are_named(factory: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ReasonerSupervisor(factory, **settings)


def test_stop_leaves_a_callback_behind_that_hangs(start: Start) -> None:
    entered, release = threading.Event(), threading.Event()

    def on_outcome(_: ReasoningOutcome) -> None:
        entered.set()
        release.wait(4 * PATIENCE_S)

    supervisor = start(on_outcome=on_outcome)
    supervisor.submit(request())
    assert entered.wait(PATIENCE_S)
    pid = supervisor.health().pid
    assert pid is not None
    try:
        assert not supervisor.stop(0.05)
        wait_for(lambda: not is_running(pid), "the end of the child")
    finally:
        release.set()
