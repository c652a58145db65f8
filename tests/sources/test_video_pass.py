from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources.video_pass import VideoPass
from tests.fakes import FakeClock


def film(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for i in range(frames):
        writer.write(np.full((48, 64, 3), 10 * (i % 5), np.uint8))
    writer.release()
    return path


def test_every_picture_once_with_its_time_and_then_the_end(tmp_path: Path) -> None:
    path = film(tmp_path / "a film.avi", 5)
    played = VideoPass(str(path), "film", FakeClock())
    assert (played.nominal_fps, played.frames_announced) == (25.0, 5)
    seen = []
    while (time_s := played.advance()) is not None:
        grabbed = played.retrieve()
        assert grabbed is not None
        seen.append((round(time_s, 3), round(float(grabbed.image_bgr.mean()), -1)))
    assert seen == [(0.0, 0.0), (0.04, 10.0), (0.08, 20.0), (0.12, 30.0), (0.16, 40.0)]
    assert (played.frames, played.decoded, played.pictures_skipped) == (5, 5, 0)
    assert played.end_s == pytest.approx(0.2)
    assert played.tell_length() is None
    played.release()


def test_a_film_that_stops_early_is_complained_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    played = VideoPass(str(film(tmp_path / "f.avi", 40)), "film", FakeClock())
    for _ in range(10):
        played.advance()
    complaint = "film: ends early, 10 of 40 frames were readable; is the file cut off?"
    assert played.tell_length() == complaint
    assert caplog.messages == [complaint]
    played.release()


def test_what_is_no_film_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="film: cannot be read as a video file: No such file"):
        VideoPass(str(tmp_path / "none.avi"), "film", FakeClock())
    with pytest.raises(SourceUnavailableError, match="found a folder"):
        VideoPass(str(tmp_path), "film", FakeClock())
    (tmp_path / "t.avi").write_text("hello")
    with pytest.raises(SourceFormatError, match="found 5 bytes that begin with b'hello'"):
        VideoPass(str(tmp_path / "t.avi"), "film", FakeClock())
    (tmp_path / "e.avi").touch()
    with pytest.raises(SourceFormatError, match="empty one"):
        VideoPass(str(tmp_path / "e.avi"), "film", FakeClock())
