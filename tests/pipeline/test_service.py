from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from realtime_fer.errors import SourceLostError
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.service import Service
from realtime_fer.types import FaceDetection, Frame, FrameResult
from tests.fakes import FakeClassifier, FakeDetector, FakeSource, FakeTracker, HangingSource, box, make_frame

LONG_S = 20.0


class Collecting:
    name = "collecting"

    def __init__(self, fail_on_close: bool = False) -> None:
        self.results: list[FrameResult] = []
        self.closed = False
        self._fail_on_close = fail_on_close

    def put(self, result: FrameResult) -> None:
        self.results.append(result)

    def close(self) -> None:
        self.closed = True
        if self._fail_on_close:
            raise RuntimeError("disk full")


def build(
    source: FakeSource,
    *,
    classifier: FakeClassifier | None = None,
    detections: Callable[[int], list[FaceDetection]] | None = None,
    publish: Callable[[FrameResult], None] = lambda _result: None,
    sinks: Sequence[Collecting] = (),
    every_frame: bool = True,
    report_health: Callable[[], None] = lambda: None,
) -> Service:
    fast_path = FastPath(FakeDetector(detections), FakeTracker(), classifier or FakeClassifier(), ProbabilitySmoother())
    return Service(source, fast_path, publish=publish, sinks=sinks, every_frame=every_frame, report_health=report_health)


def frames(count: int) -> list[Frame]:
    return [make_frame(i) for i in range(count)]


def test_every_frame_arrives_in_order_and_is_counted() -> None:
    published: list[int] = []
    sink = Collecting()
    service = build(FakeSource(frames(50)), publish=lambda r: published.append(r.frame.frame_id), sinks=[sink])
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    assert service.stop()
    assert published == list(range(50))
    assert [r.frame.frame_id for r in sink.results] == published
    counts = service.counters.snapshot()
    assert (counts.frames_captured, counts.frames_processed, counts.frames_dropped) == (50, 50, 0)
    assert service.error is None
    assert sink.closed


def test_live_frames_are_dropped_for_newer_ones_and_counted() -> None:
    gate, first = threading.Event(), threading.Event()

    def publish(_result: FrameResult) -> None:
        first.set()
        gate.wait(LONG_S)

    source = FakeSource(frames(30), is_live=True)
    service = build(source, publish=publish, every_frame=False)
    assert service.open()
    service.start()
    assert first.wait(LONG_S)
    assert service.workers[0].join(LONG_S)  # all frames captured while the first is being published
    gate.set()
    assert service.wait(LONG_S)
    service.stop()
    counts = service.counters.snapshot()
    assert counts.frames_captured == 30
    assert counts.frames_processed + counts.frames_dropped == 30
    assert counts.dropped_by_cause == {"newer-frame": counts.frames_dropped}
    assert counts.frames_dropped >= 27


def test_gaps_in_frame_ids_count_as_dropped_at_capture() -> None:
    service = build(FakeSource([make_frame(0), make_frame(4), make_frame(5)]))
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    counts = service.counters.snapshot()
    assert counts.frames_captured == 6
    assert counts.dropped_by_cause == {"capture": 3}


def test_a_stage_that_raises_loses_its_frame_and_goes_on() -> None:
    states: list[str] = []
    service = build(FakeSource(frames(10)), classifier=FakeClassifier(fail=lambda call: call in (2, 5)))
    service._report_health = lambda: states.append(service.state)
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    counts = service.counters.snapshot()
    assert counts.frames_processed == 8
    assert counts.dropped_by_cause == {"processing-error": 2}
    process = service.workers[1]
    assert process.restarts == 2
    assert "the network is broken" in str(process.last_error)
    assert service.error is None


def test_a_source_that_ends_before_the_stage_is_given_up_is_no_success() -> None:
    service = build(FakeSource(frames(2)), classifier=FakeClassifier(fail=lambda _call: True))
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert service.error is not None
    assert "no frame could be processed, last: " in service.error
    assert "the network is broken" in service.error


def test_a_stage_that_always_raises_ends_the_service_with_an_error() -> None:
    service = build(FakeSource(frames(100)), classifier=FakeClassifier(fail=lambda _call: True))
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    assert service.stop()
    assert service.error is not None
    assert "process failed 6 times" in service.error
    assert "the network is broken" in service.error
    assert service.state == "failed"
    counts = service.counters.snapshot()
    assert counts.frames_captured == counts.frames_processed + counts.frames_dropped


def test_a_lost_source_is_an_error_after_its_frames_were_handled() -> None:
    source = FakeSource(frames(5), errors={5: SourceLostError("camera 0: gone")})
    service = build(source)
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert service.counters.snapshot().frames_processed == 5
    assert service.error == "camera 0: gone"


def test_an_unforeseen_failure_of_the_source_restarts_the_capture() -> None:
    source = FakeSource(frames(5), errors={2: RuntimeError("driver hiccup")})
    service = build(source)
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert service.counters.snapshot().frames_processed == 5
    assert service.workers[0].restarts == 1


def test_stop_while_a_read_hangs_returns_and_says_so() -> None:
    source = HangingSource()
    service = build(source, every_frame=False)
    assert service.open()
    service.start()
    assert source.reading.wait(LONG_S)
    assert not service.stop()
    assert source.closed.is_set()
    source.release.set()
    assert service.workers[0].join(LONG_S)


def test_stop_counts_the_frames_that_were_waiting() -> None:
    entered, gate = threading.Event(), threading.Event()

    def publish(_result: FrameResult) -> None:
        entered.set()
        gate.wait(LONG_S)

    service = build(FakeSource(frames(100)), publish=publish)
    assert service.open()
    service.start()
    assert entered.wait(LONG_S)
    stopper = threading.Thread(target=service.stop)
    stopper.start()
    assert service.workers[0].join(LONG_S)
    gate.set()
    stopper.join(LONG_S)
    counts = service.counters.snapshot()
    assert counts.frames_captured == counts.frames_processed + counts.frames_dropped
    assert counts.dropped_by_cause.get("stopping", 0) >= 1


def test_states_and_health() -> None:
    states: list[str] = []
    service = build(FakeSource(frames(3)))
    service._report_health = lambda: states.append(service.state)
    states.append(service.state)
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert states[0] == "starting"
    assert states[-1] == "stopping"


def test_a_sink_that_cannot_close_does_not_keep_the_next_open(caplog: pytest.LogCaptureFixture) -> None:
    bad, bad_too, good = Collecting(fail_on_close=True), Collecting(fail_on_close=True), Collecting()
    service = build(FakeSource(frames(2)), sinks=[bad, bad_too, good])
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert good.closed
    assert caplog.messages == ["collecting: could not be closed: RuntimeError: disk full"], "only what the error does not say"
    assert service.error == "collecting: disk full", "who asked for a recording must learn that there is none"


def test_fifty_faces() -> None:
    many = [FaceDetection(box(i, 1, i + 6, 9), 0.9) for i in range(50)]
    results: list[FrameResult] = []
    service = build(FakeSource(frames(3)), detections=lambda _call: many, publish=results.append)
    assert service.open()
    service.start()
    assert service.wait(LONG_S)
    service.stop()
    assert [len(result.faces) for result in results] == [50, 50, 50]
    assert service.counters.snapshot().faces_total == 150
