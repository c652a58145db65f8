"""Real processes that crash, hang and run out of memory, see fake_reasoners.py; and one that a test makes up."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from typing import Any, cast

import pytest

from realtime_fer.reasoning.outcome import FailureKind
from realtime_fer.reasoning.supervision.child_life import ChildLife
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_process import ChildProcess
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.question_desk import QuestionDesk
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy
from tests.fakes import FakeClock
from tests.reasoning.questions import is_running, request
from tests.reasoning.supervision import fake_reasoners as fakes
from tests.reasoning.supervision.watched import Start, failure

FACTORY = "tests.reasoning.supervision.fake_reasoners:"
GIB = 1 << 30


def test_kill_9_in_the_middle_of_an_answer(start: Start) -> None:
    supervisor = start()
    supervisor.submit(request(0, fakes.HANG))
    supervisor.wait_until(ReasonerState.BUSY)
    pid = supervisor.health().pid
    assert pid is not None
    supervisor.submit(request(1, fakes.WELL))
    os.kill(pid, signal.SIGKILL)
    assert failure(supervisor.next_outcome()) == (FailureKind.DIED, "the reasoner's process ended by SIGKILL")
    # Who waited is asked all the same, by the next process.
    outcome = supervisor.next_outcome()
    assert (outcome.request_id, outcome.failure) == (1, None)
    health = supervisor.health()
    assert health.pid not in (pid, None)
    assert (health.restarts, health.answered, health.failed, health.timed_out) == (1, 1, 1, 0)
    assert health.last_error == "the reasoner's process ended by SIGKILL"


def test_a_crash_tells_its_last_words(start: Start) -> None:
    supervisor = start()
    expected = "the reasoner's process ended with exit code 7 (something terrible)"
    assert failure(supervisor.ask(fakes.DIE)) == (FailureKind.DIED, expected)


@pytest.mark.parametrize("track_id", [fakes.HANG, fakes.HANG_IN_NATIVE_CODE])
def test_a_hang_is_killed(start: Start, track_id: int) -> None:
    supervisor = start(answer_timeout_s=0.2)
    supervisor.submit(request(0, track_id))
    supervisor.wait_until(ReasonerState.BUSY)
    pid = supervisor.health().pid
    assert failure(supervisor.next_outcome()) == (FailureKind.TIMED_OUT, "no answer within 0.2 s, killed")
    assert pid is not None
    assert not is_running(pid)
    health = supervisor.health()
    assert (health.failed, health.timed_out) == (1, 1)
    assert health.state in (ReasonerState.BACKING_OFF, ReasonerState.STARTING, ReasonerState.READY)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce RLIMIT_AS")
def test_out_of_memory_is_an_error_and_a_fresh_process(start: Start) -> None:
    supervisor = start(limits=ChildLimits(address_space_bytes=4 * GIB, niceness=0))
    kind, message = failure(supervisor.ask(fakes.EAT_MEMORY))
    assert kind is FailureKind.RAISED
    assert "MemoryError: Unable to allocate 64.0 GiB" in message
    assert supervisor.ask(fakes.WELL, 1).answer is not None
    assert supervisor.health().restarts == 1


def test_a_start_that_takes_too_long_is_killed_and_in_the_end_given_up(start: Start) -> None:
    once = RestartPolicy(first_delay_s=0.01, max_failures=1)
    supervisor = start("slow_to_start", {"seconds": 3600}, start_timeout_s=0.2, restarts=once)
    kind, message = failure(supervisor.ask(fakes.WELL))
    assert kind is FailureKind.UNAVAILABLE
    assert message == "the reasoner was given up: not ready within 0.2 s, killed"
    health = supervisor.health()
    assert (health.state, health.last_error) == (ReasonerState.FAILED, "not ready within 0.2 s, killed")


@pytest.mark.parametrize(
    ("factory", "options", "expected"),
    [
        ("without_its_model", {}, "cannot start: ModelNotFoundError: model 'nothing': not on the shelf"),
        ("not_there", {}, "has no attribute 'not_there'"),
        ("slow_to_start", {"minutes": 1}, "options ['minutes'] do not fit: missing a required argument: 'seconds'"),
    ],
)
def test_bad_input_is_not_tried_twice(start: Start, factory: str, options: dict[str, Any], expected: str) -> None:
    supervisor = start(factory, options)
    supervisor.wait_until(ReasonerState.FAILED)
    health = supervisor.health()
    assert health.last_error is not None
    assert expected in health.last_error
    assert health.restarts == 0
    assert failure(supervisor.ask(fakes.WELL))[0] is FailureKind.UNAVAILABLE


def test_what_may_pass_is_tried_again_a_bounded_number_of_times(start: Start) -> None:
    supervisor = start("on_a_busy_device", restarts=RestartPolicy(first_delay_s=0.01, max_failures=2))
    supervisor.wait_until(ReasonerState.FAILED)
    health = supervisor.health()
    assert (health.restarts, health.last_error) == (1, "cannot start: RuntimeError: the device is busy")


def test_a_system_without_processes_is_a_failure_like_others(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", no_process)
    supervisor = start(restarts=RestartPolicy(first_delay_s=0.01, max_failures=2))
    supervisor.wait_until(ReasonerState.FAILED)
    assert "the system starts no process" in str(supervisor.health().last_error)


class MadeUp:
    """A process that does nothing."""

    pid = 1

    def __init__(self) -> None:
        self.connection, self._theirs = socket.socketpair()
        reader, writer = os.pipe()
        self.stderr = open(reader, "rb")  # noqa: SIM115 - closed by `end`
        os.close(writer)

    def end(self, _grace_s: float) -> str:
        for stream in (self.connection, self._theirs, self.stderr):
            stream.close()
        return "ended"


def test_a_process_that_was_ready_for_long_begins_the_count_anew() -> None:
    clock, restarts = FakeClock(), RestartPolicy(first_delay_s=1.0, max_failures=3, stable_s=60.0)
    desk = QuestionDesk(capacity=1, on_outcome=None, wake=lambda: None, clock=clock)
    with selectors.DefaultSelector() as selector:
        life = ChildLife(
            lambda: cast("ChildProcess", MadeUp()),
            desk,
            selector,
            clock,
            restarts=restarts,
            start_timeout_s=5.0,
            answer_timeout_s=7.0,
        )
        pauses = []
        for ready_s in (0.0, 59.0, 60.0, None, None):
            life.launch()
            if ready_s is not None:
                life.is_ready("made up", "1")
                assert life.until_deadline_s() is None
                clock.advance(ready_s)
            life.lose(FailureKind.DIED)
            pauses.append(life.until_deadline_s())
        assert pauses == [1.0, 2.0, 1.0, 2.0, None]
        assert desk.state is ReasonerState.FAILED
        assert desk.last_error == "the reasoner's process ended"
        assert not selector.get_map()


def test_what_is_due_depends_on_the_state() -> None:
    clock = FakeClock()
    desk = QuestionDesk(capacity=1, on_outcome=None, wake=lambda: None, clock=clock)
    with selectors.DefaultSelector() as selector:
        life = ChildLife(
            lambda: cast("ChildProcess", MadeUp()),
            desk,
            selector,
            clock,
            restarts=RestartPolicy(first_delay_s=1.0),
            start_timeout_s=5.0,
            answer_timeout_s=7.0,
        )
        life.launch()
        for seconds, state in ((4.9, "starting"), (0.1, "backing_off"), (0.9, "backing_off"), (0.1, "starting")):
            clock.advance(seconds)
            life.look_at_the_time()
            assert desk.state.value == state
        assert desk.health().restarts == 1
        life.is_ready("made up", "1")
        life.is_busy()
        assert life.until_deadline_s() == 7.0
        life.is_well()
        assert (life.until_deadline_s(), desk.state) == (None, ReasonerState.READY)
        life.is_busy()
        clock.advance(7.0)
        life.look_at_the_time()
        assert (desk.state, desk.last_error) == (ReasonerState.BACKING_OFF, "no answer within 7 s, killed")
        assert life.child is None
