from __future__ import annotations

import http.server
import logging
import os
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources import video_file, video_pass
from realtime_fer.sources.source import SourceState
from realtime_fer.sources.video_file import MAX_SKIPS_PER_READ, VideoFileSource
from realtime_fer.types import Frame

from .fakes import GENEROUS_S, FakeCapture, FrozenClock, SteppingClock, grey_level, media_times, state_of, write_video

CLIPS = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")) / "clips"


def read_all(source: VideoFileSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def opened(path: Path, **settings: Any) -> VideoFileSource:
    source = VideoFileSource(path, **settings)
    source.open()
    return source


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def fake_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capture: FakeCapture) -> Path:
    """A file that OpenCV is made to read as `capture`."""
    monkeypatch.setattr(video_pass, "open_capture", lambda *_: capture)
    path = tmp_path / "fake.mp4"
    path.write_bytes(b"anything")
    return path


def shades(frames: int) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    return [np.full((4, 6, 3), index, np.uint8) for index in range(frames)]


@pytest.mark.parametrize("name", ["clip.avi", "clip.mkv", "clip.mp4"])
def test_every_frame_comes_in_order_without_waiting(tmp_path: Path, name: str) -> None:
    clock = SteppingClock()
    source = opened(write_video(tmp_path / name, 20, fps=10), every_frame=True, clock=clock)
    assert state_of(source) is SourceState.ONLINE
    assert source.frame_count == 20
    assert source.nominal_fps == pytest.approx(10)
    assert not source.is_live
    frames = read_all(source)
    assert [frame.frame_id for frame in frames] == list(range(20))
    np.testing.assert_allclose(media_times(frames), np.arange(20) / 10, atol=1e-6)
    np.testing.assert_allclose([frame.image_bgr.mean() for frame in frames], [grey_level(i) for i in range(20)], atol=4)
    assert clock.waits_s == []
    assert state_of(source) is SourceState.ENDED
    assert source.read() is None
    assert source.frames_skipped == source.pictures_skipped == source.reconnects == 0
    assert frames[0].source_name == str(tmp_path / name)
    source.close()


def test_pacing_follows_media_time_and_stamps_the_moment_shown(tmp_path: Path) -> None:
    clock = SteppingClock()
    source = opened(write_video(tmp_path / "a.avi", 5, fps=10), clock=clock)
    assert source.is_live
    frames = read_all(source)
    assert clock.waits_s == pytest.approx([0.1] * 4)
    stamps = np.array([frame.capture_monotonic_ns for frame in frames])
    np.testing.assert_allclose(np.diff(stamps) / 1e9, 0.1, atol=1e-6)
    assert all(frame.capture_unix_ns - frame.capture_monotonic_ns == 1_700_000_000_000_000_000 for frame in frames)
    source.close()


def test_moments_that_pass_unread_are_skipped_and_counted(tmp_path: Path) -> None:
    clock = SteppingClock()
    source = opened(write_video(tmp_path / "a.avi", 20, fps=10), clock=clock)
    first = source.read()
    clock.advance(1.05)  # the frames of 0.1 to 0.9 s are over; that of 1.0 s is just being shown
    second = source.read()
    assert first is not None
    assert second is not None
    assert second.frame_id == 10
    assert second.media_time_s == pytest.approx(1.0)
    assert source.frames_skipped == 9
    rest = read_all(source)
    assert [frame.frame_id for frame in rest] == list(range(11, 20))


def test_a_reader_far_behind_still_sees_something(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = SteppingClock()
    capture = FakeCapture(shades(200), {cv2.CAP_PROP_FPS: 10})
    source = opened(fake_file(monkeypatch, tmp_path, capture), clock=clock)
    source.read()
    clock.advance(1000)
    frame = source.read()
    assert frame is not None
    assert frame.frame_id == 1 + MAX_SKIPS_PER_READ


def test_every_frame_skips_nothing_however_slow(tmp_path: Path) -> None:
    clock = SteppingClock()
    source = opened(write_video(tmp_path / "a.avi", 6), every_frame=True, clock=clock)
    ids = []
    while (frame := source.read()) is not None:
        ids.append(frame.frame_id)
        clock.advance(100)
    assert ids == list(range(6))


@pytest.mark.parametrize("every_frame", [True, False])
def test_loop_goes_on_with_growing_ids_and_times(tmp_path: Path, every_frame: bool) -> None:
    clock = SteppingClock()
    source = opened(write_video(tmp_path / "a.avi", 4, fps=10), every_frame=every_frame, loop=True, clock=clock)
    assert source.frame_count is None
    frames = [source.read() for _ in range(10)]
    read = [frame for frame in frames if frame is not None]
    assert [frame.frame_id for frame in read] == list(range(10))
    np.testing.assert_allclose(media_times(read), np.arange(10) / 10, atol=1e-6)
    np.testing.assert_allclose([frame.image_bgr.mean() for frame in read], [grey_level(i % 4) for i in range(10)], atol=4)
    assert state_of(source) is SourceState.ONLINE
    source.close()
    assert source.read() is None


def test_a_looped_file_that_vanishes_is_an_error_not_a_hang(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 3)
    source = opened(path, every_frame=True, loop=True)
    for _ in range(3):
        source.read()
    path.unlink()
    with pytest.raises(SourceUnavailableError, match="No such file"):
        source.read()
    assert state_of(source) is SourceState.FAILED


def test_a_truncated_file_gives_what_is_readable_and_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write_video(tmp_path / "a.mkv", 60, fps=10).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    source = opened(path, every_frame=True)
    frames = read_all(source)
    assert 10 < len(frames) < 50
    assert warnings(caplog) == [f"{path}: ends early, {len(frames)} of 60 frames were readable; is the file cut off?"]
    assert source.problem == warnings(caplog)[0]
    assert state_of(source) is SourceState.ENDED
    assert capfd.readouterr().err == ""


def test_a_looped_truncated_file_warns_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = write_video(tmp_path / "a.mkv", 60, fps=10).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    source = opened(path, every_frame=True, loop=True)
    for _ in range(150):
        assert source.read() is not None
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(
    ("announced", "found", "fps"),
    [(98, 95, 23.67), (12, 8, 10), (4000, 3970, 30)],  # a few missing; a few of a short clip; under 1 % of a long one
)
def test_a_few_frames_fewer_than_announced_are_only_information(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    announced: int,
    found: int,
    fps: float,
) -> None:
    caplog.set_level(logging.INFO)
    capture = FakeCapture(shades(found % 250) + shades(250) * (found // 250), {5: fps, 7: announced})
    read_all(opened(fake_file(monkeypatch, tmp_path, capture), every_frame=True))
    assert warnings(caplog) == []
    assert f"held {found} of the {announced} frames" in caplog.text


def test_an_estimated_count_does_not_make_a_whole_file_look_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A screen recording: 10 s at a nominal 60 frames a second, but only 20 pictures, each half a second long."""

    class VariableRate(FakeCapture):
        def get(self, setting: int) -> float:
            return self._position * 500.0 if setting == cv2.CAP_PROP_POS_MSEC else super().get(setting)

    capture = VariableRate(shades(20), {cv2.CAP_PROP_FPS: 60, cv2.CAP_PROP_FRAME_COUNT: 600})
    frames = read_all(opened(fake_file(monkeypatch, tmp_path, capture), every_frame=True))
    assert frames[-1].media_time_s == pytest.approx(9.5)
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.mp4", b"", "found an empty one"),
        ("text.mp4", b"this is a text, and no video\n" * 40, "begin with b'this is a text, '"),
        ("text.avi", b"this is a text, and no video\n" * 40, "expected a video that FFmpeg can read"),
        ("zeros.mkv", bytes(5000), "expected a video that FFmpeg can read"),
    ],
)
def test_what_is_no_video_is_one_clear_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    source = VideoFileSource(tmp_path / name)
    with pytest.raises(SourceFormatError) as error:
        source.open()
    assert complaint in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert state_of(source) is SourceState.FAILED
    assert source.problem == str(error.value)
    assert capfd.readouterr().err == ""
    with pytest.raises(SourceUnavailableError):
        source.read()
    source.close()
    assert state_of(source) is SourceState.FAILED


def test_a_truncated_mp4_without_its_index_is_no_video(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", 30).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceFormatError, match="is it complete"):
        VideoFileSource(tmp_path / "cut.mp4").open()


def test_a_container_without_a_readable_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    capture = FakeCapture([])
    with pytest.raises(SourceFormatError, match="expected a video"):
        opened(fake_file(monkeypatch, tmp_path, capture))
    assert capture.released


@pytest.mark.parametrize("every_frame", [True, False])
def test_only_undecodable_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, every_frame: bool) -> None:
    path = fake_file(monkeypatch, tmp_path, FakeCapture([None, None, None]))
    source = opened(path, every_frame=every_frame, loop=True, clock=SteppingClock())
    with pytest.raises(SourceFormatError, match="none of its 3 pictures could be decoded"):
        source.read()
    assert state_of(source) is SourceState.FAILED
    assert source.pictures_skipped == 3


def test_undecodable_pictures_between_good_ones_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = shades(2)
    source = opened(fake_file(monkeypatch, tmp_path, FakeCapture([good[0], None, good[1]])), every_frame=True)
    frames = read_all(source)
    assert [frame.frame_id for frame in frames] == [0, 1]
    assert source.pictures_skipped == 1
    assert frames[1].media_time_s == pytest.approx(2 / 30)


def test_grey_and_deep_pictures_become_bgr(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    capture = FakeCapture([np.full((3, 5), 7, np.uint8), np.full((3, 5, 3), 257, np.uint16)])
    frames = read_all(opened(fake_file(monkeypatch, tmp_path, capture), every_frame=True))
    assert [frame.image_bgr[0, 0].tolist() for frame in frames] == [[7, 7, 7], [1, 1, 1]]


def test_missing_files_folders_and_forbidden_ones(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"a\.mp4: cannot be read as a video file: No such file"):
        VideoFileSource(tmp_path / "a.mp4").open()
    with pytest.raises(SourceUnavailableError, match="found a folder"):
        VideoFileSource(tmp_path).open()
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceUnavailableError, match="pipe"):
        VideoFileSource(tmp_path / "pipe.mp4").open()


def test_an_http_recording_that_is_not_there() -> None:
    with pytest.raises(SourceUnavailableError, match=r"http://u:\*\*\*@127\.0\.0\.1:9/a\.mp4: could not be opened"):
        VideoFileSource("http://u:secret@127.0.0.1:9/a.mp4").open()


def test_an_http_recording_is_read_to_its_end(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", 8)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        source = VideoFileSource(f"http://127.0.0.1:{server.server_port}/a.mkv", every_frame=True)
        source.open()
        assert [frame.frame_id for frame in read_all(source)] == list(range(8))
        source.close()
        server.shutdown()
        thread.join()


def test_close_ends_a_pacing_wait(tmp_path: Path) -> None:
    clock = FrozenClock()
    source = opened(write_video(tmp_path / "a.avi", 3), clock=clock)
    assert source.read() is not None
    results: list[Frame | None] = []
    thread = threading.Thread(target=lambda: results.append(source.read()), daemon=True)
    thread.start()
    assert clock.waiting.wait(GENEROUS_S)
    source.close()
    source.close()
    thread.join(GENEROUS_S)
    assert results == [None]
    assert state_of(source) is SourceState.ENDED
    with pytest.raises(SourceUnavailableError, match="closed"):
        source.open()


def test_close_while_a_read_hangs_leaves_the_release_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(video_file, "CLOSE_WAIT_S", 0.01)
    hanging, go_on = threading.Event(), threading.Event()

    class HangingCapture(FakeCapture):
        def grab(self) -> bool:
            if self._position >= 0:
                hanging.set()
                go_on.wait(GENEROUS_S)
            return super().grab()

    capture = HangingCapture(shades(5))
    source = opened(fake_file(monkeypatch, tmp_path, capture), every_frame=True)
    source.read()
    results: list[Frame | None] = []
    thread = threading.Thread(target=lambda: results.append(source.read()), daemon=True)
    thread.start()
    assert hanging.wait(GENEROUS_S)
    source.close()
    assert not capture.released
    go_on.set()
    thread.join(GENEROUS_S)
    assert results == [None]
    assert capture.released


def test_reading_unopened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"open\(\) has not been called"):
        VideoFileSource(tmp_path / "a.avi").read()


@pytest.mark.shared_data
@pytest.mark.skipif(not CLIPS.is_dir(), reason="the data folder is absent")
def test_a_real_clip_whose_header_announces_too_many_frames(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = opened(CLIPS / "no_face.mp4", every_frame=True)
    assert len(read_all(source)) == 95
    assert warnings(caplog) == []
    assert "held 95 of the 98 frames" in caplog.text


@pytest.mark.shared_data
@pytest.mark.skipif(not CLIPS.is_dir(), reason="the data folder is absent")
def test_a_real_clip_of_varying_rate_keeps_its_own_times() -> None:
    source = opened(CLIPS / "face_noface.mov", every_frame=True)
    times = media_times(read_all(source))
    assert len(times) == 169
    assert (np.diff(times) > 0).all()
    assert times[1] == pytest.approx(1 / 30, abs=1e-3)
    assert times[-1] == pytest.approx(6.36, abs=0.01)
