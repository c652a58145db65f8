"""The running service: three supervised threads from source to sinks, and an orderly end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceError, SourceFormatError
from realtime_fer.pipeline.counters import (
    DROPPED_BY_CAPTURE,
    DROPPED_BY_ERROR,
    DROPPED_BY_NEWER,
    DROPPED_BY_STOP,
    Counters,
)
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.mailbox import Mailbox
from realtime_fer.pipeline.opening import Opening
from realtime_fer.pipeline.worker import Worker, WorkerState, describe
from realtime_fer.sources.source import Source, SourceState
from realtime_fer.types import Frame, FrameResult

log = logging.getLogger(__name__)

TAKE_TIMEOUT_S = 0.25
"""How often the processing thread looks up from an empty mailbox, to see a stop."""

STOP_DEADLINE_S = 1.2
"""All threads together have this long to end; whatever still hangs (a read in native code) is left behind."""

ServiceState = Literal["starting", "running", "degraded", "stopping", "failed"]


class ResultSink(Protocol):
    """Somebody who wants every finished result. `put` must return quickly; it runs in the processing thread."""

    name: str

    def put(self, result: FrameResult) -> None: ...

    def close(self) -> None: ...


class Service:
    """Capture, process, report; each in a supervised thread.

    Args:
        source: not opened yet; `open` opens it.
        fast_path: handles one frame at a time.
        publish: first to get each result; capture-to-publish latency is taken when it returns.
        sinks: get each result afterwards (recording, window).
        report_health: called every `health_interval_s`, and at each change of state.
        every_frame: the source waits for the processing; otherwise the newest frame wins.
    """

    def __init__(
        self,
        source: Source,
        fast_path: FastPath,
        *,
        publish: Callable[[FrameResult], None],
        sinks: Sequence[ResultSink] = (),
        report_health: Callable[[], None] = lambda: None,
        every_frame: bool = False,
        health_interval_s: float = 1.0,
        counters: Counters | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.source = source
        self.fast_path = fast_path
        self.clock: Clock = clock or SystemClock()
        self.counters = counters or Counters(self.clock)
        self.error: str | None = None
        self.bad_input = False
        self._publish = publish
        self._sinks = tuple(sinks)
        self._report_health = report_health
        self._health_interval_s = health_interval_s
        self._frames: Mailbox[Frame] = Mailbox(capacity=1, policy="wait" if every_frame else "newest-wins")
        self._last_frame_id = -1
        self._done = threading.Event()
        self._stopped = threading.Event()
        self._stop_lock = threading.Lock()
        self._opening = Opening(source)
        self._capture = Worker("capture", self._capture_step, on_end=self._end_of_frames, clock=self.clock)
        self._process = Worker("process", self._process_step, on_end=self._done.set, clock=self.clock)
        self._health = Worker("health", self._health_step, clock=self.clock)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, in the order of the data."""
        return (self._capture, self._process, self._health)

    @property
    def hangs(self) -> bool:
        """Whether a thread is still busy (after `stop`: in native code that does not return)."""
        return self._opening.hangs or not all(worker.join(0) for worker in self.workers)

    @property
    def state(self) -> ServiceState:
        """What health messages say."""
        states = [worker.state for worker in (self._capture, self._process)]
        if self.error is not None or WorkerState.FAILED in states:
            return "failed"
        if self._stopped.is_set():
            return "stopping"
        if WorkerState.IDLE in states:
            return "starting"
        if WorkerState.RESTARTING in states or self.source.state not in (SourceState.ONLINE, SourceState.ENDED):
            return "degraded"
        return "running"

    def open(self, give_up: threading.Event | None = None) -> bool:
        """Open the source. Native code may take many seconds to find that a camera or server does not answer.

        Args:
            give_up: ends the waiting; the opening itself is left behind.

        Returns:
            False where it was given up.

        Raises:
            SourceError: the source cannot be opened.
        """
        return self._opening.open(give_up)

    def start(self) -> None:
        """Start the threads; `open` comes first."""
        self.counters.start()
        for worker in self.workers:
            worker.start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended and every frame is handled, or a stage has failed for good."""
        return self._done.wait(timeout_s)

    def stop(self) -> bool:
        """End everything; more calls do nothing. Returns False when a thread hangs and was left behind."""
        with self._stop_lock:
            if self._stopped.is_set():
                return True
            self._stopped.set()
        deadline = time.monotonic() + STOP_DEADLINE_S
        for worker in self.workers:
            worker.stop()
        self.counters.dropped(DROPPED_BY_STOP, len(self._frames.close(discard=True)))
        self.source.close()
        # Judged one by one: a hanging capture must not cost the others their chance.
        ended = [worker.join(deadline - time.monotonic()) for worker in reversed(self.workers)]
        self._note_failures()
        self._report_health_safely()
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as error:  # one sink's end must not keep another's file open
                if self.error is None:
                    self.error = f"{sink.name}: {error}"
                else:
                    log.error("%s: could not be closed: %s", sink.name, describe(error))
        return all(ended)

    def _capture_step(self) -> bool:
        try:
            frame = self.source.read()
        except SourceError as error:
            # Final by contract: a live source has already tried to reconnect.
            self.error = str(error)
            self.bad_input = isinstance(error, SourceFormatError)
            return False
        if frame is None:
            return False
        skipped = frame.frame_id - self._last_frame_id - 1
        self._last_frame_id = frame.frame_id
        self.counters.captured(1 + skipped)
        self.counters.dropped(DROPPED_BY_CAPTURE, skipped)
        lost = self._frames.put(frame)
        if lost is not None:
            self.counters.dropped(DROPPED_BY_STOP if lost is frame else DROPPED_BY_NEWER)
        return lost is not frame

    def _end_of_frames(self) -> None:
        # What lies there is still processed.
        self._frames.close()

    def _process_step(self) -> bool:
        frame = self._frames.take(TAKE_TIMEOUT_S)
        if frame is None:
            return not self._frames.finished
        taken_ns = self.clock.monotonic_ns()
        try:
            result = self.fast_path.process(frame, self.counters.frames_dropped)
            before_publish_ns = time.perf_counter_ns()
            self._publish(result)
        except Exception:
            self.counters.dropped(DROPPED_BY_ERROR)
            raise
        published_ns = self.clock.monotonic_ns()
        count = self.counters
        count.latency.add((published_ns - frame.capture_monotonic_ns) / 1e6)
        for stage, duration_ms in result.stage_ms.items():
            count.stage(stage, duration_ms)
        count.stage("queue", (taken_ns - frame.capture_monotonic_ns) / 1e6)
        count.stage("publish", (time.perf_counter_ns() - before_publish_ns) / 1e6)
        count.stage("frame", (published_ns - taken_ns) / 1e6)
        count.processed([face.track.track_id for face in result.faces])
        for sink in self._sinks:
            sink.put(result)
        return True

    def _health_step(self) -> bool:
        self._report_health()
        self.clock.wait(self._stopped, self._health_interval_s)
        return not self._stopped.is_set()

    def _note_failures(self) -> None:
        for worker in (self._capture, self._process):
            if worker.state is WorkerState.FAILED and worker.last_error is not None and self.error is None:
                self.error = f"{worker.name} failed {worker.restarts + 1} times, last: {describe(worker.last_error)}"
        last = self._process.last_error
        if self.error is None and last is not None and self.counters.snapshot().frames_processed == 0:
            self.error = f"no frame could be processed, last: {describe(last)}"

    def _report_health_safely(self) -> None:
        try:
            self._report_health()
        except Exception as error:  # the last words of a stopping service may fail without harm
            log.warning("health: last report failed: %s", describe(error))
