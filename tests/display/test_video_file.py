from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from realtime_fer.display.video_file import MIN_FREE_BYTES, VideoFile
from realtime_fer.errors import PublishingError

SECOND_NS = 1_000_000_000


def picture(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def read_back(path: Path) -> list[int]:
    capture = cv2.VideoCapture(str(path))
    values: list[int] = []
    while True:
        ok, frame = capture.read()
        if not ok:
            return values
        values.append(round(float(frame.mean())))


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_every_frame_once(tmp_path: Path, suffix: str) -> None:
    video = VideoFile(tmp_path / f"v{suffix}", fps=30, keep_time=False)
    for i in range(10):
        video.write(picture(20 * i), i * 77)
    video.close()
    video.close()
    values = read_back(tmp_path / f"v{suffix}")
    assert len(values) == video.frames_written == 10
    assert values == pytest.approx([20 * i for i in range(10)], abs=8)


def test_dropped_frames_are_made_up_for_so_that_time_is_kept(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "v.avi", fps=10, keep_time=True)
    video.write(picture(0), 5 * SECOND_NS)
    video.write(picture(100), 6 * SECOND_NS)
    video.write(picture(200), 6 * SECOND_NS + SECOND_NS // 10)
    video.close()
    assert read_back(tmp_path / "v.avi") == pytest.approx([0] * 10 + [100, 200], abs=8)


def test_frames_faster_than_the_video_are_left_out(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "v.avi", fps=10, keep_time=True)
    for i in range(31):
        video.write(picture(i), i * SECOND_NS // 30)
    video.close()
    assert len(read_back(tmp_path / "v.avi")) == 11


def test_a_stall_does_not_fill_the_disk(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "v.avi", fps=30, keep_time=True)
    video.write(picture(0), 0)
    video.write(picture(9), 3600 * SECOND_NS)
    video.close()
    assert video.frames_written <= 302


def test_a_changed_size_is_scaled(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "v.avi", fps=30, keep_time=False)
    video.write(picture(50), 0)
    video.write(picture(150, 33, 21), 1)
    video.close()
    assert read_back(tmp_path / "v.avi") == pytest.approx([50, 150], abs=8)


def test_unknown_suffix_and_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match=r"cannot record \.gif; use \.mp4"):
        VideoFile(tmp_path / "v.gif", fps=30, keep_time=True)
    with pytest.raises(PublishingError, match="does not exist"):
        VideoFile(tmp_path / "none" / "v.mp4", fps=30, keep_time=True)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "v.avi").mkdir()
    video = VideoFile(tmp_path / "v.avi", fps=30, keep_time=True)
    with pytest.raises(PublishingError, match=r"no video of 64x48 at 30 fps can be written"):
        video.write(picture(0), 0)


def test_a_disk_that_fills_up_ends_the_video_while_it_can_still_be_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [MIN_FREE_BYTES]
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free[0]))
    video = VideoFile(tmp_path / "v.mp4", fps=30, keep_time=False)
    for i in range(5):
        video.write(picture(20 * i), 0)
    free[0] = MIN_FREE_BYTES - 1
    with pytest.raises(PublishingError, match=r"v\.mp4: expected 16 MB of free disk to record on, found 15 MB"):
        video.write(picture(0), 0)
    video.close()
    assert len(read_back(tmp_path / "v.mp4")) == video.frames_written == 5
    with pytest.raises(PublishingError, match="free disk"):
        VideoFile(tmp_path / "w.mp4", fps=30, keep_time=False)
