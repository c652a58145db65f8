from __future__ import annotations

import threading

import pytest

from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources.reader_thread import ReaderThread

from .fakes import GENEROUS_S, HANG, Script, Step


def start(*steps: Step) -> tuple[ReaderThread, Script, threading.Event]:
    script = Script(steps)
    wake = threading.Event()
    thread = ReaderThread(script.make_reader(), script.clock, wake, script.name)
    thread.start()
    return thread, script, wake


def wait_until_over(thread: ReaderThread) -> None:
    assert thread.join(GENEROUS_S)


def test_the_newest_picture_is_taken_and_the_overwritten_ones_counted() -> None:
    thread, script, wake = start(10, 20, 30, HANG)
    script.permit(3)
    assert script.hung.wait(GENEROUS_S)
    assert thread.opened
    assert wake.is_set()
    grabbed, overwritten = thread.take()
    assert grabbed is not None
    assert grabbed.image_bgr[0, 0, 0] == 30
    assert overwritten == 2
    assert thread.take() == (None, 0)
    script.release.set()
    wait_until_over(thread)


def test_a_failure_is_kept_and_the_reader_closed() -> None:
    thread, script, wake = start(SourceUnavailableError("no camera"))
    wait_until_over(thread)
    assert thread.finished
    assert wake.is_set()
    assert not thread.opened
    assert isinstance(thread.failure, SourceUnavailableError)
    assert script.readers[0].closed.is_set()


def test_the_last_picture_before_a_failure_is_not_lost() -> None:
    thread, script, _ = start(10)
    script.permit()
    wait_until_over(thread)
    assert isinstance(thread.failure, SourceLostError)
    assert thread.take()[0] is not None


def test_a_proper_end_has_no_failure() -> None:
    thread, _, _ = start(None)
    wait_until_over(thread)
    assert thread.finished
    assert thread.opened
    assert thread.failure is None


def test_an_unexpected_exception_is_a_loss_with_its_cause_and_a_log(caplog: pytest.LogCaptureFixture) -> None:
    cause = ZeroDivisionError("driver bug")
    thread, script, _ = start(10, cause)
    script.permit()
    wait_until_over(thread)
    assert isinstance(thread.failure, SourceLostError)
    assert "ZeroDivisionError: driver bug" in str(thread.failure)
    assert thread.failure.__cause__ is cause
    assert "unexpected" in caplog.text
    assert script.readers[0].closed.is_set()


def test_an_exception_while_closing_is_logged_and_ends_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    script = Script([None])
    reader = script.make_reader()

    def broken_close() -> None:
        raise OSError("driver bug")

    reader.close = broken_close  # type: ignore[method-assign]
    thread = ReaderThread(reader, script.clock, threading.Event(), script.name)
    thread.start()
    wait_until_over(thread)
    assert thread.finished
    assert "closing failed" in caplog.text


def test_an_abandoned_reader_that_hangs_closes_itself_when_it_comes_back() -> None:
    thread, script, _ = start(HANG)
    assert script.hung.wait(GENEROUS_S)
    thread.abandon()
    assert not thread.join(0.01)
    assert not script.readers[0].closed.is_set()
    script.release.set()
    wait_until_over(thread)
    assert script.readers[0].closed.is_set()


def test_progress_is_the_moment_of_the_last_picture() -> None:
    script = Script([10, HANG])
    clock = script.clock
    thread = ReaderThread(script.make_reader(), clock, threading.Event(), script.name)
    started_ns = thread.progress_ns
    assert thread.join(0)
    thread.start()
    clock.advance(3.0)  # type: ignore[attr-defined]
    script.permit()
    assert script.hung.wait(GENEROUS_S)
    assert thread.progress_ns == started_ns + 3_000_000_000
    thread.abandon()
    script.release.set()
    wait_until_over(thread)
