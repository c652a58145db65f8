"""Run a service in the foreground: signals, window, progress, time limit, exit code."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from realtime_fer.display.overlay import draw
from realtime_fer.display.window import Window
from realtime_fer.pipeline.service import Service
from realtime_fer.pipeline.sinks import LatestResultSink, Remarks, no_remarks

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
SIGNAL_BASE = 128
"""A run that a signal ended exits with this + the signal's number, as shells have it."""

LOOK_INTERVAL_S = 0.1
"""How often the main thread looks for the end, a signal or the time limit."""


class StopRequest:
    """The first reason to stop; later ones change nothing."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.exit_code = EXIT_OK

    def ask(self, exit_code: int) -> None:
        """Ask the run to end with this code."""
        if not self.event.is_set():
            self.exit_code = exit_code
            self.event.set()


@contextlib.contextmanager
def stop_on_signals(request: StopRequest) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP) ask for an orderly stop; a second Ctrl-C interrupts at once.

    Main thread only.
    """

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if request.event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        if number == signal.SIGHUP:
            _leave_closed_terminal()
        request.ask(SIGNAL_BASE + number)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: it is to outlive its terminal
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_closed_terminal() -> None:
    """What is still said goes nowhere: a write to a closed terminal is an error, and would cost the summary."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                with open(os.devnull, "wb") as nowhere:
                    os.dup2(nowhere.fileno(), descriptor)


def run_in_foreground(
    service: Service,
    *,
    request: StopRequest,
    window_results: LatestResultSink | None = None,
    remarks: Remarks = no_remarks,
    duration_s: float | None = None,
    show_progress: bool = True,
    at_start: Callable[[], None] = lambda: None,
    at_end_of_source: Callable[[threading.Event], object] = lambda _give_up: None,
) -> int:
    """Open and start the service, stay until it ends or is asked to, stop it.

    Args:
        window_results: results for a window; None runs headless.
        remarks: sentences about the faces in the window.
        duration_s: stop after so long.
        show_progress: a bar on stderr for sources of known length, if stderr is a terminal.
        at_start: called once the source is open, before the first frame.
        at_end_of_source: called when every frame was handled and nobody asked for an end; may wait for whatever still comes,
            until the event it is given is set.

    Returns:
        The process's exit code: 0 at the end of the source, the time limit or `q`; 1 when a stage failed for good or
        the source was lost; 2 when nothing in it could be read; 128 + its number after a signal.

    Raises:
        SourceError: the source cannot be opened.
    """
    if not service.open(give_up=request.event):
        service.stop()
        return request.exit_code
    ended = False
    try:
        at_start()
        service.start()
        with _progress(service, show_progress) as advance:
            _stay(service, request, window_results, remarks=remarks, duration_s=duration_s, advance=advance)
            ended = service.wait(0)
        if ended and service.error is None and not request.event.is_set():
            at_end_of_source(request.event)
    finally:
        service.stop()
    if service.error is not None:
        print(f"realtime-fer: {service.error}", file=sys.stderr)
        return EXIT_BAD_INPUT if service.bad_input else EXIT_FAILED
    return EXIT_OK if ended and not request.event.is_set() else request.exit_code


def _stay(
    service: Service,
    request: StopRequest,
    window_results: LatestResultSink | None,
    *,
    remarks: Remarks,
    duration_s: float | None,
    advance: Callable[[], None],
) -> None:
    deadline = None if duration_s is None else time.monotonic() + duration_s
    window = Window() if window_results is not None else None
    try:
        while not request.event.is_set():
            pause = LOOK_INTERVAL_S if deadline is None else min(LOOK_INTERVAL_S, max(0.0, deadline - time.monotonic()))
            if window is not None and window_results is not None:
                result = window_results.take(timeout_s=0)
                if result is not None:
                    window.show(draw(result, _status(service), remarks(result)))
                if window.quit_asked():
                    request.ask(EXIT_OK)
                if service.wait(0):
                    return
            elif service.wait(pause):
                return
            advance()
            if deadline is not None and time.monotonic() >= deadline:
                request.ask(EXIT_OK)
    finally:
        if window is not None:
            window.close()


def _status(service: Service) -> str:
    counts = service.counters.snapshot()
    latency = service.counters.latency.percentiles()
    shown = "" if latency is None else f"  {latency['p50']:.0f} ms"
    return f"{counts.fps_recent:.0f} fps{shown}  {counts.frames_dropped} dropped  {service.source.state.value}"


@contextlib.contextmanager
def _progress(service: Service, wanted: bool) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    total = service.source.frame_count
    if not wanted or total is None or not console.is_terminal:
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(service.source.name, total=total, fps=0.0)

        def advance() -> None:
            counts = service.counters.snapshot()
            bar.update(task, completed=counts.frames_captured, fps=counts.fps)

        yield advance
        advance()
