from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.video_frame import count_frames, read_video_frame
from realtime_fer.errors import DatasetError
from tests.datasets.miniatures import save_video


def test_each_frame_is_the_one_asked_for(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.avi", 5)
    assert count_frames(path) == 5
    for frame in (3, 0, 4):
        assert abs(read_video_frame(path, frame).mean() - 20 * frame) < 2


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.avi", 2)
    with pytest.raises(DatasetError, match=r"a\.avi: expected a frame 2, but the video ends"):
        read_video_frame(path, 2)
    with pytest.raises(DatasetError, match=r"b\.avi: expected a video, found no such file"):
        count_frames(tmp_path / "b.avi")
    (tmp_path / "c.avi").write_bytes(b"hello")
    with pytest.raises(DatasetError, match=r"c\.avi: expected a video"):
        count_frames(tmp_path / "c.avi")
