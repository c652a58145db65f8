from __future__ import annotations

import threading

from realtime_fer.pipeline.worker import Worker, WorkerState, describe
from tests.fakes import FakeClock


def test_runs_until_the_step_says_so_and_calls_on_end() -> None:
    steps, ended = [], threading.Event()

    def step() -> bool:
        steps.append(1)
        return len(steps) < 3

    worker = Worker("w", step, on_end=ended.set)
    assert worker.state.value == "idle"
    worker.start()
    assert ended.wait(10)
    assert worker.join(10)
    assert len(steps) == 3
    assert worker.state is WorkerState.FINISHED


def test_survives_failures_and_goes_on() -> None:
    calls = []

    def step() -> bool:
        calls.append(1)
        if len(calls) in (1, 2):
            raise RuntimeError(f"boom {len(calls)}")
        return len(calls) < 5

    clock = FakeClock()
    worker = Worker("w", step, clock=clock)
    worker.start()
    assert worker.join(10)
    assert len(calls) == 5
    assert worker.restarts == 2
    assert worker.state is WorkerState.FINISHED
    assert str(worker.last_error) == "boom 2"
    assert clock.waits_s == [0.05, 0.1]


def test_gives_up_after_the_allowed_restarts() -> None:
    calls, ended = [], threading.Event()

    def step() -> bool:
        calls.append(1)
        raise RuntimeError("always")

    worker = Worker("w", step, on_end=ended.set, max_restarts=3, clock=FakeClock())
    worker.start()
    assert worker.join(10)
    assert ended.is_set()
    assert worker.state is WorkerState.FAILED
    assert len(calls) == 4
    assert worker.restarts == 3


def test_old_failures_are_forgotten() -> None:
    clock, calls = FakeClock(), []

    def step() -> bool:
        calls.append(1)
        clock.advance(61)
        if len(calls) <= 10:
            raise RuntimeError("once a minute")
        return False

    worker = Worker("w", step, max_restarts=2, restart_window_s=60, clock=clock)
    worker.start()
    assert worker.join(10)
    assert worker.state is WorkerState.FINISHED
    assert worker.restarts == 10


def test_join_leaves_a_hanging_step_behind() -> None:
    entered, release = threading.Event(), threading.Event()

    def step() -> bool:
        entered.set()
        release.wait()
        return False

    worker = Worker("w", step)
    worker.start()
    assert entered.wait(10)
    worker.stop()
    assert worker.stopping
    assert not worker.join(0.01)
    release.set()
    assert worker.join(10)


def test_join_before_start_returns() -> None:
    assert Worker("w", lambda: False).join(0)


def test_describe_is_one_line() -> None:
    assert describe(ValueError("first\nsecond")) == "ValueError: first"
    assert describe(ValueError()) == "ValueError"
