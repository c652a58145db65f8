from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from realtime_fer.clock import SystemClock
from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources import reconnecting
from realtime_fer.sources.reconnect_policy import ReconnectPolicy
from realtime_fer.sources.reconnecting import MAX_HUNG_READERS, ReconnectingSource
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame

from .fakes import FOREVER, GENEROUS_S, HANG, OPENED, PatientClock, Script, Step, state_of


class Rig:
    """A source over scripted readers, on a clock that passes only when every reader hangs or is gone."""

    def __init__(self, *attempts: Sequence[Step], policy: ReconnectPolicy | None = None, wait_for_source: bool = False) -> None:
        self.clock = PatientClock()
        self.script = Script(*attempts, clock=self.clock)
        self.clock.script = self.script
        self.source = ReconnectingSource(
            "camera", self.script.make_reader, policy=policy, wait_for_source=wait_for_source, clock=self.clock
        )

    def next_frame(self) -> Frame:
        self.script.permit()
        frame = self.source.read()
        assert frame is not None
        return frame

    def read_in_thread(self) -> tuple[threading.Thread, list[Frame | None]]:
        results: list[Frame | None] = []
        thread = threading.Thread(target=lambda: results.append(self.source.read()), daemon=True)
        thread.start()
        return thread, results


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Every test lets its hung readers go, and then no thread of a source may be left."""
    yield
    for thread in threading.enumerate():
        if thread.name == "source-camera":
            thread.join(GENEROUS_S)
            assert not thread.is_alive()


def finish(rig: Rig) -> None:
    rig.script.release.set()
    rig.script.permit(100)
    rig.source.close()


def test_frames_come_in_order_with_their_stamps() -> None:
    rig = Rig([10, 20, HANG])
    rig.source.open()
    assert state_of(rig.source) is SourceState.CONNECTING
    first = rig.next_frame()
    rig.clock.advance(0.04)
    second = rig.next_frame()
    assert state_of(rig.source) is SourceState.ONLINE
    assert [first.frame_id, second.frame_id] == [0, 1]
    assert [first.image_bgr[0, 0, 0], second.image_bgr[0, 0, 0]] == [10, 20]
    assert second.capture_monotonic_ns - first.capture_monotonic_ns == 40_000_000
    assert first.capture_unix_ns - first.capture_monotonic_ns == 1_700_000_000_000_000_000
    assert first.media_time_s is None
    assert first.source_name == "camera"
    assert rig.source.nominal_fps == 25.0
    assert rig.source.is_live
    finish(rig)


def test_unread_frames_are_overwritten_counted_and_leave_gaps_in_the_ids() -> None:
    rig = Rig([10, 20, 30, HANG])
    rig.source.open()
    rig.script.permit(3)
    assert rig.script.hung.wait(GENEROUS_S)
    frame = rig.source.read()
    assert frame is not None
    assert frame.image_bgr[0, 0, 0] == 30
    assert frame.frame_id == 2
    assert rig.source.frames_skipped == 2
    finish(rig)


def test_the_first_opening_fails_at_once_with_the_readers_own_words() -> None:
    rig = Rig([SourceUnavailableError("camera 0: none here")])
    with pytest.raises(SourceUnavailableError, match="camera 0: none here"):
        rig.source.open()
    assert state_of(rig.source) is SourceState.FAILED
    assert rig.source.problem == "camera 0: none here"
    assert rig.clock.waits_s == []
    with pytest.raises(SourceUnavailableError, match=r"open\(\) has not succeeded"):
        rig.source.read()
    finish(rig)


def test_opening_can_be_tried_again_after_it_failed() -> None:
    rig = Rig([SourceUnavailableError("busy")], [10, HANG])
    with pytest.raises(SourceUnavailableError):
        rig.source.open()
    rig.source.open()
    rig.source.open()  # already open: nothing more
    assert len(rig.script.readers) == 2
    assert rig.next_frame().frame_id == 0
    assert rig.source.reconnects == 0
    finish(rig)


def test_an_opening_that_hangs_is_given_up() -> None:
    rig = Rig([HANG])
    with pytest.raises(SourceUnavailableError, match="did not open within 10 s"):
        rig.source.open()
    assert rig.clock.waits_s == [10.0]
    assert state_of(rig.source) is SourceState.FAILED
    finish(rig)


def test_a_lost_camera_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    gone = SourceUnavailableError("camera: not there")
    rig = Rig([10, 20, SourceLostError("camera: unplugged")], [gone], [gone], [30, 40, HANG])
    rig.source.open()
    frames = [rig.next_frame() for _ in range(3)]
    assert [frame.frame_id for frame in frames] == [0, 1, 2]
    assert [frame.image_bgr[0, 0, 0] for frame in frames] == [10, 20, 30]
    assert rig.clock.waits_s == [0.5, 1.0, 2.0]
    assert rig.source.reconnects == 1
    assert state_of(rig.source) is SourceState.ONLINE
    assert rig.source.problem is None
    assert rig.next_frame().frame_id == 3
    assert rig.source.reconnects == 1
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["camera: unplugged; trying again", "camera: back at attempt 3"]
    finish(rig)


def test_pauses_start_small_again_after_a_good_frame() -> None:
    gone = SourceUnavailableError("gone")
    rig = Rig([10], [gone], [gone], [20], [30, HANG])
    rig.source.open()
    for _ in range(3):
        rig.next_frame()
    assert rig.clock.waits_s == [0.5, 1.0, 2.0, 0.5]
    assert rig.source.reconnects == 2
    finish(rig)


def test_state_and_problem_while_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "CLOSE_JOIN_S", 0.01)
    rig = Rig([10, SourceLostError("camera: unplugged")], [HANG])
    rig.source.open()
    rig.next_frame()
    thread, results = rig.read_in_thread()
    assert rig.script.hung.wait(GENEROUS_S)  # the second reader hangs in its open
    assert state_of(rig.source) is SourceState.RECONNECTING
    assert rig.source.problem is not None
    rig.source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    finish(rig)


def test_a_hanging_reader_is_stalled_then_left_behind_and_another_one_delivers(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig([10, HANG], [20, HANG])
    states: list[SourceState] = []
    rig.source.open()
    rig.next_frame()
    original = rig.clock.wait

    def watching(event: threading.Event, timeout_s: float) -> bool:
        states.append(rig.source.state)
        return original(event, timeout_s)

    rig.clock.wait = watching  # type: ignore[method-assign]
    frame = rig.next_frame()
    assert frame.frame_id == 1
    assert frame.image_bgr[0, 0, 0] == 20
    # Silent for 2 s: stalled; for 5 s in all: left behind; a pause of 0.5 s, then the next reader.
    assert rig.clock.waits_s == [2.0, 3.0, 0.5]
    assert SourceState.STALLED in states
    assert states.index(SourceState.STALLED) < states.index(SourceState.RECONNECTING)
    assert rig.source.reconnects == 1
    assert not rig.script.readers[0].closed.is_set()  # it still hangs
    assert "no picture for 2 s" in caplog.text
    finish(rig)


def test_what_an_abandoned_reader_still_brings_is_ignored() -> None:
    rig = Rig([10, HANG, 99, 99], [20, HANG])
    rig.source.open()
    rig.next_frame()
    assert rig.next_frame().image_bgr[0, 0, 0] == 20
    rig.script.release.set()
    rig.script.permit(10)
    assert rig.script.readers[0].closed.wait(GENEROUS_S)
    finish(rig)
    assert rig.source.frames_skipped == 0


def test_a_reader_that_wakes_up_from_a_stall_goes_on_without_reconnecting() -> None:
    rig = Rig([10, 20, HANG])
    rig.source.open()
    rig.next_frame()
    thread, results = rig.read_in_thread()  # waits: the reader has no permit for its second picture
    rig.script.nothing_will_happen = lambda: state_of(rig.source) is SourceState.ONLINE  # type: ignore[method-assign]
    while state_of(rig.source) is not SourceState.STALLED:
        assert thread.is_alive()
    rig.script.permit()
    thread.join(GENEROUS_S)
    frame = results[0]
    assert frame is not None
    assert frame.frame_id == 1
    assert state_of(rig.source) is SourceState.ONLINE
    assert rig.source.reconnects == 0
    finish(rig)


def test_a_camera_that_opens_but_never_shows_anything_is_opened_again() -> None:
    rig = Rig([OPENED, HANG], [OPENED, HANG], [10, HANG])
    rig.source.open()
    assert rig.next_frame().frame_id == 0
    assert rig.clock.waits_s == [5.0, 0.5, 5.0, 1.0]
    assert rig.source.reconnects == 0  # it never was there before
    finish(rig)


def test_waiting_for_a_source_that_is_not_there_yet() -> None:
    gone = SourceUnavailableError("not there")
    rig = Rig([gone], [gone], [10, HANG], wait_for_source=True)
    rig.source.open()
    assert state_of(rig.source) is SourceState.CONNECTING
    assert rig.next_frame().frame_id == 0
    assert rig.clock.waits_s == [0.5, 1.0]
    assert rig.source.reconnects == 0
    finish(rig)


def test_attempts_can_be_limited() -> None:
    gone = SourceUnavailableError("camera: not there")
    rig = Rig([10, SourceLostError("unplugged")], [gone], [gone], [20], policy=ReconnectPolicy(max_attempts=2))
    rig.source.open()
    rig.next_frame()
    with pytest.raises(SourceLostError, match="camera: not there; given up after 2 attempts"):
        rig.source.read()
    assert state_of(rig.source) is SourceState.FAILED
    assert len(rig.script.readers) == 3
    with pytest.raises(SourceLostError):
        rig.source.read()
    finish(rig)
    assert state_of(rig.source) is SourceState.FAILED
    assert rig.source.read() is None


def test_without_a_limit_it_never_gives_up_and_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gone = [[SourceUnavailableError("not there")] for _ in range(50)]
    rig = Rig([10], *gone, [20, HANG])
    rig.source.open()
    rig.next_frame()
    assert rig.next_frame().frame_id == 1
    assert rig.clock.waits_s[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert set(rig.clock.waits_s[6:]) == {10.0}
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 2
    finish(rig)


def test_hung_readers_are_bounded() -> None:
    rig = Rig([10, HANG], *[[HANG]] * 20)
    rig.source.open()
    rig.next_frame()
    thread, results = rig.read_in_thread()
    while len(rig.clock.waits_s) < 40:
        assert thread.is_alive()
    assert len(rig.script.readers) == MAX_HUNG_READERS
    assert rig.source.problem is not None
    assert "hang" in rig.source.problem
    rig.source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    finish(rig)


def test_a_proper_end_ends_the_source() -> None:
    rig = Rig([10, None])
    rig.source.open()
    rig.next_frame()
    assert rig.source.read() is None
    assert state_of(rig.source) is SourceState.ENDED
    assert rig.source.read() is None
    finish(rig)


def test_close_ends_a_read_whose_reader_hangs(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(reconnecting, "CLOSE_JOIN_S", 0.01)
    script = Script([HANG])  # the clock is the machine's: nothing but close() can end the read soon
    source = ReconnectingSource("camera", script.make_reader, wait_for_source=True, clock=SystemClock())
    source.open()
    results: list[Frame | None] = []
    thread = threading.Thread(target=lambda: results.append(source.read()), daemon=True)
    thread.start()
    assert script.hung.wait(GENEROUS_S)
    source.close()
    source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    assert state_of(source) is SourceState.ENDED
    assert "left behind" in caplog.text
    assert not script.readers[0].closed.is_set()
    script.release.set()
    assert script.readers[0].closed.wait(GENEROUS_S)


def test_close_ends_a_read_that_pauses_between_attempts() -> None:
    script = Script([10], [10])
    policy = ReconnectPolicy(first_delay_s=3600.0, max_delay_s=3600.0)
    source = ReconnectingSource("camera", script.make_reader, policy=policy, clock=SystemClock())
    source.open()
    script.permit()
    assert source.read() is not None
    results: list[Frame | None] = []
    thread = threading.Thread(target=lambda: results.append(source.read()), daemon=True)
    thread.start()
    while state_of(source) is not SourceState.RECONNECTING:
        assert thread.is_alive()
    source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    assert len(script.readers) == 1


def test_close_ends_an_opening_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "CLOSE_JOIN_S", 0.01)
    script = Script([HANG])
    policy = ReconnectPolicy(open_timeout_s=3600.0)
    source = ReconnectingSource("camera", script.make_reader, policy=policy, clock=SystemClock())
    errors: list[Exception] = []

    def opening() -> None:
        try:
            source.open()
        except SourceUnavailableError as error:
            errors.append(error)

    thread = threading.Thread(target=opening, daemon=True)
    thread.start()
    assert script.hung.wait(GENEROUS_S)
    source.close()
    thread.join(GENEROUS_S)
    assert [str(error) for error in errors] == ["camera: the source was closed"]
    script.release.set()


def test_close_releases_the_device_before_it_returns() -> None:
    rig = Rig([OPENED, FOREVER])
    rig.source.open()
    assert rig.source.read() is not None
    rig.source.close()
    assert rig.script.readers[0].closed.is_set()
    assert rig.source.read() is None
    with pytest.raises(SourceUnavailableError, match="closed"):
        rig.source.open()
    assert len(rig.script.readers) == 1


def test_closing_unopened_is_harmless() -> None:
    rig = Rig([10])
    rig.source.close()
    assert rig.script.readers == []
    with pytest.raises(SourceUnavailableError, match="closed"):
        rig.source.open()
    assert rig.source.read() is None


def test_undecodable_pictures_are_summed_over_readers() -> None:
    rig = Rig([10], [20, HANG])
    rig.source.open()
    rig.script.readers[0].pictures_skipped = 3
    rig.next_frame()
    rig.next_frame()
    rig.script.readers[1].pictures_skipped = 2
    assert rig.source.pictures_skipped == 5
    finish(rig)


def test_every_frame_is_delivered_or_counted_while_a_reader_runs_free() -> None:
    """A real clock and a reader at full speed: ids of read frames plus skipped ones are all ids there are."""
    pictures = 300
    script = Script([*[index % 250 for index in range(pictures)], None])
    source = ReconnectingSource("camera", script.make_reader, clock=SystemClock())
    source.open()
    script.permit(pictures)
    read: list[Frame] = []
    while (frame := source.read()) is not None:
        read.append(frame)
    ids = np.array([frame.frame_id for frame in read])
    assert (np.diff(ids) > 0).all()
    assert ids[-1] == pictures - 1
    assert len(read) + source.frames_skipped == pictures
    assert [frame.image_bgr[0, 0, 0] for frame in read] == [frame.frame_id % 250 for frame in read]
    source.close()
