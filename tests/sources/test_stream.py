"""Everything here really goes through OpenCV and FFmpeg, to a server on 127.0.0.1."""

from __future__ import annotations

import logging
import threading

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources import stream
from realtime_fer.sources.reconnect_policy import ReconnectPolicy
from realtime_fer.sources.reconnecting import ReconnectingSource
from realtime_fer.sources.source import SourceState
from realtime_fer.sources.stream import StreamReader

from .fakes import GENEROUS_S, FakeCapture, SteppingClock, state_of
from .mjpeg_server import MjpegServer

HASTY = ReconnectPolicy(first_delay_s=0.01, max_delay_s=0.02, stalled_after_s=0.2, reopen_after_s=0.4)
"""Real time, but short; nothing below depends on how long things take."""


def test_a_stream_delivers_until_it_breaks() -> None:
    with MjpegServer(pictures=12) as camera:
        reader = StreamReader(camera.url)
        reader.open()
        pictures = [grabbed for _ in range(12) if (grabbed := reader.grab()) is not None]
        with pytest.raises(SourceLostError, match="ended or broke after 12 pictures"):
            reader.grab()
        reader.close()
    assert len(pictures) == 12
    assert pictures[0].image_bgr.shape == (48, 64, 3)
    levels = [float(picture.image_bgr.mean()) for picture in pictures]
    np.testing.assert_allclose(levels, [20 + 7 * index for index in range(12)], atol=2)
    stamps = [picture.capture_monotonic_ns for picture in pictures]
    assert stamps == sorted(stamps)


def test_a_connection_that_drops_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    with MjpegServer(pictures=10) as camera:
        source = ReconnectingSource(camera.url, lambda: StreamReader(camera.url), policy=HASTY)
        source.open()
        ids = []
        while source.reconnects < 2:
            frame = source.read()
            assert frame is not None
            ids.append(frame.frame_id)
        assert camera.connections >= 3
        assert state_of(source) is SourceState.ONLINE
        source.close()
        assert source.read() is None
    assert ids == sorted(set(ids))
    assert ids[-1] >= 20
    assert "trying again" in caplog.text


def test_a_server_that_goes_away_and_comes_back() -> None:
    with MjpegServer(pictures=10) as camera:
        source = ReconnectingSource(camera.url, lambda: StreamReader(camera.url), policy=HASTY)
        source.open()
        assert source.read() is not None
        camera.refuse = True
        results = []

        def read_on() -> None:
            while (frame := source.read()) is not None:
                results.append((frame, source.reconnects))
                if source.reconnects > 0:
                    return

        thread = threading.Thread(target=read_on, daemon=True)
        thread.start()
        while camera.connections < 4:  # three attempts refused
            assert thread.is_alive()
        assert state_of(source) is SourceState.RECONNECTING
        assert source.problem is not None
        camera.refuse = False
        thread.join(GENEROUS_S)
        assert results[-1][1] == 1
        assert state_of(source) is SourceState.ONLINE
        source.close()


def test_a_server_that_falls_silent_is_left_for_a_new_connection() -> None:
    with MjpegServer(pictures=10, then="be silent") as camera:
        source = ReconnectingSource(camera.url, lambda: StreamReader(camera.url, read_timeout_ms=3000), policy=HASTY)
        source.open()
        while source.reconnects < 1:
            assert source.read() is not None
        assert camera.connections >= 2
        source.close()


def test_a_refused_connection_is_one_clear_line_without_the_password(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with MjpegServer() as camera:
        camera.refuse = True
        address = camera.url.replace("http://", "http://robot:hunter2@")
        source = ReconnectingSource("door camera", lambda: StreamReader(address), policy=HASTY)
        with pytest.raises(SourceUnavailableError) as error:
            source.open()
        source.close()
    message = str(error.value)
    assert "could not be opened" in message
    assert "robot:***@127.0.0.1" in message
    assert "\n" not in message
    seen = capfd.readouterr()
    assert "hunter2" not in message + caplog.text + seen.out + seen.err
    assert seen.err == ""


def test_nobody_listening() -> None:
    with pytest.raises(SourceUnavailableError, match=r"stream rtsp://127\.0\.0\.1:9/x: could not be opened"):
        StreamReader("rtsp://127.0.0.1:9/x", open_timeout_ms=3000).open()


def test_timeouts_are_given_to_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[object, ...]] = []

    def fake_open(*arguments: object) -> FakeCapture:
        given.append(arguments)
        return FakeCapture([])

    monkeypatch.setattr(stream, "open_capture", fake_open)
    StreamReader("rtsp://u:p@host/x", open_timeout_ms=11, read_timeout_ms=22).open()
    assert given == [
        ("rtsp://u:p@host/x", cv2.CAP_FFMPEG, (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 11, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 22))
    ]


def test_a_recording_is_read_at_its_own_pace_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [np.full((2, 2, 3), index, np.uint8) for index in range(3)]
    capture = FakeCapture(pictures, {cv2.CAP_PROP_FPS: 10, cv2.CAP_PROP_FRAME_COUNT: 3})
    monkeypatch.setattr(stream, "open_capture", lambda *_: capture)
    clock = SteppingClock()
    reader = StreamReader("http://host/list.m3u8", clock=clock)
    reader.open()
    grabbed = [reader.grab() for _ in range(4)]
    assert [None if g is None else int(g.image_bgr[0, 0, 0]) for g in grabbed] == [0, 1, 2, None]
    assert clock.waits_s == pytest.approx([0.1, 0.1, 0.1])
    assert reader.nominal_fps == 10
    reader.close()
    assert capture.released


def test_a_recording_that_breaks_half_way_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture([np.zeros((2, 2, 3), np.uint8)], {cv2.CAP_PROP_FPS: 10, cv2.CAP_PROP_FRAME_COUNT: 100})
    monkeypatch.setattr(stream, "open_capture", lambda *_: capture)
    reader = StreamReader("http://host/list.m3u8", clock=SteppingClock())
    reader.open()
    reader.grab()
    with pytest.raises(SourceLostError, match="after 1 pictures"):
        reader.grab()


def test_grabbing_unopened_is_an_error() -> None:
    with pytest.raises(SourceLostError, match="not open"):
        StreamReader("rtsp://host/x").grab()
