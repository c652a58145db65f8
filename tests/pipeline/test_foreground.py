from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from realtime_fer.display.remark import Remark
from realtime_fer.errors import PublishingError, SourceFormatError, SourceLostError, SourceUnavailableError
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline import foreground
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.foreground import StopRequest, run_in_foreground, stop_on_signals
from realtime_fer.pipeline.service import Service
from realtime_fer.pipeline.sinks import LatestResultSink
from realtime_fer.sources.source import SourceState
from realtime_fer.types import FrameResult, ImageBgr
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeTracker, HangingSource, make_frame


def build(source: FakeSource, *sinks: LatestResultSink) -> Service:
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    return Service(source, fast_path, publish=lambda _result: None, sinks=sinks, every_frame=not source.is_live)


def test_the_end_of_the_source_is_0() -> None:
    service = build(FakeSource([make_frame(i) for i in range(5)]))
    assert run_in_foreground(service, request=StopRequest()) == 0
    assert service.counters.snapshot().frames_processed == 5


def test_what_fails_at_the_start_closes_the_source() -> None:
    source = FakeSource([make_frame()])

    def fail() -> None:
        assert source.state is SourceState.ONLINE
        raise PublishingError("no room")

    with pytest.raises(PublishingError, match="no room"):
        run_in_foreground(build(source), request=StopRequest(), at_start=fail)
    assert source.closed.is_set()


def test_only_the_end_of_the_source_is_followed_by_what_still_comes() -> None:
    called: list[threading.Event] = []
    request = StopRequest()
    service = build(FakeSource([make_frame(i) for i in range(5)]))
    assert run_in_foreground(service, request=request, at_end_of_source=called.append) == 0
    assert called == [request.event]
    called.clear()
    lost = build(FakeSource([make_frame()], errors={1: SourceLostError("camera 0: unplugged")}))
    assert run_in_foreground(lost, request=StopRequest(), at_end_of_source=called.append) == 1
    hanging = HangingSource()
    assert run_in_foreground(build(hanging), request=StopRequest(), duration_s=0.05, at_end_of_source=called.append) == 0
    hanging.release.set()
    assert called == []


def test_a_lost_source_is_1_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    service = build(FakeSource([make_frame()], errors={1: SourceLostError("camera 0: unplugged")}))
    assert run_in_foreground(service, request=StopRequest()) == 1
    assert capsys.readouterr().err == "realtime-fer: camera 0: unplugged\n"


def test_a_source_without_a_readable_picture_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    service = build(FakeSource([], errors={0: SourceFormatError("folder x: none of 3 pictures can be read")}))
    assert run_in_foreground(service, request=StopRequest()) == 2
    assert "none of 3" in capsys.readouterr().err


def test_the_time_limit_is_0_and_ends_a_source_that_hangs() -> None:
    source = HangingSource()
    assert run_in_foreground(build(source), request=StopRequest(), duration_s=0.05) == 0
    source.release.set()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_also_while_a_read_hangs(number: signal.Signals, code: int) -> None:
    source, request = HangingSource(), StopRequest()

    def send() -> None:
        source.reading.wait(20)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    before = signal.getsignal(number)
    with stop_on_signals(request):
        assert run_in_foreground(build(source), request=request) == code
    sender.join()
    source.release.set()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_also_while_the_opening_hangs(number: signal.Signals, code: int) -> None:
    class Mute(HangingSource):
        def open(self) -> None:
            self.reading.set()
            self.release.wait()

    source, request = Mute(), StopRequest()
    service = build(source)

    def send() -> None:
        source.reading.wait(20)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    with stop_on_signals(request):
        assert run_in_foreground(service, request=request) == code
    sender.join()
    assert service.hangs
    assert source.closed.is_set()
    source.release.set()


def test_a_second_interrupt_does_not_wait_for_the_orderly_end() -> None:
    request = StopRequest()
    with stop_on_signals(request):
        os.kill(os.getpid(), signal.SIGINT)
        assert request.event.wait(20)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_closed_terminal_takes_no_words_and_costs_nothing_else() -> None:
    script = (
        "import os, signal, sys\n"
        "from realtime_fer.pipeline.foreground import StopRequest, stop_on_signals\n"
        "request = StopRequest()\n"
        "sys.stdin.read()\n"
        "with stop_on_signals(request): os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('words', file=sys.stderr)\n"
        "sys.exit(request.exit_code)"
    )
    terminal, end = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=end, stderr=end)
    os.close(end)
    os.close(terminal)
    process.communicate(timeout=60)
    assert process.returncode == 129


def test_under_nohup_a_closed_terminal_changes_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request = StopRequest()
    try:
        with stop_on_signals(request):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not request.event.is_set()


def test_the_first_reason_to_stop_counts() -> None:
    request = StopRequest()
    request.ask(130)
    request.ask(0)
    assert request.exit_code == 130


class FakeWindow:
    def __init__(self) -> None:
        self.shown: list[ImageBgr] = []
        self.closed = False

    def show(self, image_bgr: ImageBgr) -> None:
        self.shown.append(image_bgr)

    def quit_asked(self) -> bool:
        return bool(self.shown)

    def close(self) -> None:
        self.closed = True


def test_q_in_the_window_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    window = FakeWindow()
    monkeypatch.setattr(foreground, "Window", lambda: window)
    sink = LatestResultSink()

    class Endless(FakeSource):
        def read(self) -> object:  # type: ignore[override]
            return None if self.closed.wait(0.001) else make_frame(next(numbers))

    numbers = iter(range(10**9))
    service = build(Endless([], is_live=True), sink)
    drawn: list[int] = []

    def remarks(result: FrameResult) -> dict[int, Remark]:
        drawn.append(result.frame.frame_id)
        return {}

    assert run_in_foreground(service, request=StopRequest(), window_results=sink, remarks=remarks) == 0
    assert len(window.shown) == len(drawn) > 0
    assert window.closed


def test_a_source_that_cannot_be_opened_starts_nothing() -> None:
    class Missing(FakeSource):
        def open(self) -> None:
            raise SourceUnavailableError("camera 9: not there")

    service = build(Missing([]))
    with pytest.raises(SourceUnavailableError, match="not there"):
        run_in_foreground(service, request=StopRequest(), at_start=lambda: pytest.fail("not open"))
    assert all(worker.state.value == "idle" for worker in service.workers)
