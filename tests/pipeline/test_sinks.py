from __future__ import annotations

import threading
from pathlib import Path

import cv2
import pytest

from realtime_fer.display.remark import Remark
from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.sinks import LatestResultSink, RecordingSink
from realtime_fer.types import FrameResult
from tests.fakes import make_frame


def results(count: int) -> list[FrameResult]:
    return [FrameResult(make_frame(i), ()) for i in range(count)]


def count_frames(path: Path) -> int:
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.grab():
        count += 1
    return count


def test_every_frame_is_recorded_however_fast_they_come(tmp_path: Path) -> None:
    sink = RecordingSink(tmp_path / "v.avi", fps=30, every_frame=True)
    for result in results(60):
        sink.put(result)
    sink.close()
    assert count_frames(tmp_path / "v.avi") == 60
    assert sink.frames_missed == 0


def test_remarks_are_asked_for_each_frame_that_is_drawn(tmp_path: Path) -> None:
    asked: list[int] = []

    def remarks(result: FrameResult) -> dict[int, Remark]:
        asked.append(result.frame.frame_id)
        return {}

    sink = RecordingSink(tmp_path / "v.avi", fps=30, every_frame=True, remarks=remarks)
    for result in results(3):
        sink.put(result)
    sink.close()
    assert asked == [0, 1, 2]


def test_a_recording_that_cannot_be_written_says_so_at_the_end_and_makes_nobody_wait(tmp_path: Path) -> None:
    (tmp_path / "v.avi").mkdir()
    sink = RecordingSink(tmp_path / "v.avi", fps=30, every_frame=True)

    def give() -> None:
        for result in results(50):
            sink.put(result)

    giver = threading.Thread(target=give)
    giver.start()
    giver.join(20)
    assert not giver.is_alive()
    with pytest.raises(PublishingError, match=r"v\.avi: no video of 64x48"):
        sink.close()


def test_a_bad_suffix_fails_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="cannot record"):
        RecordingSink(tmp_path / "v.txt", fps=30, every_frame=True)


def test_the_window_gets_the_newest() -> None:
    sink = LatestResultSink()
    for result in results(3):
        sink.put(result)
    taken = sink.take(0)
    assert taken is not None
    assert taken.frame.frame_id == 2
    assert sink.take(0) is None
    sink.close()
    assert sink.take(60) is None
