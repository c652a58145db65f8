from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.sources.pictures import PictureSource, is_picture_path, natural_order, read_picture
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame

from .fakes import SteppingClock, state_of


def write(path: Path, value: int = 90, *, shape: tuple[int, ...] = (6, 8, 3), dtype: type = np.uint8) -> Path:
    ok, encoded = cv2.imencode(path.suffix, np.full(shape, value, dtype))
    assert ok
    path.write_bytes(encoded.tobytes())
    return path


def opened(path: Path, **settings: Any) -> PictureSource:
    source = PictureSource(path, **settings)
    source.open()
    return source


def read_all(source: PictureSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_a_single_picture_is_one_frame(tmp_path: Path) -> None:
    clock = SteppingClock()
    source = opened(write(tmp_path / "a.png", 33), clock=clock)
    assert source.frame_count == 1
    assert not source.is_live
    assert state_of(source) is SourceState.ONLINE
    clock.advance(2)
    frames = read_all(source)
    assert [frame.frame_id for frame in frames] == [0]
    assert frames[0].image_bgr.mean() == 33
    assert frames[0].capture_monotonic_ns == clock.now_ns
    assert frames[0].capture_unix_ns == clock.unix_ns()
    assert frames[0].media_time_s is None
    assert frames[0].source_name == str(tmp_path / "a.png")
    assert state_of(source) is SourceState.ENDED
    assert source.read() is None


@pytest.mark.parametrize("suffix", [".bmp", ".jpg", ".JPEG", ".png", ".webp", ".tif", ".ppm"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", shape=(16, 16, 3))
    assert is_picture_path(path)
    assert read_picture(path).mean() == pytest.approx(90, abs=2)


@pytest.mark.parametrize(
    ("shape", "dtype", "value", "expected"),
    [
        ((5, 7), np.uint8, 40, 40),
        ((5, 7, 4), np.uint8, 40, 40),
        ((5, 7), np.uint16, 257 * 40, 40),
        ((5, 7, 3), np.uint16, 257 * 40, 40),
        ((1, 1, 3), np.uint8, 9, 9),
        ((1, 1), np.uint8, 9, 9),
        ((31, 1, 3), np.uint8, 9, 9),
    ],
)
def test_grey_alpha_deep_tiny_and_odd_pictures(
    tmp_path: Path, shape: tuple[int, ...], dtype: type, value: int, expected: int
) -> None:
    image = read_picture(write(tmp_path / "a.png", value, shape=shape, dtype=dtype))
    assert image.shape == (*shape[:2], 3)
    assert image.dtype == np.uint8
    assert (image == expected).all()


def test_names_in_any_script(tmp_path: Path) -> None:
    folder = tmp_path / "лица é 顔"
    folder.mkdir()
    write(folder / "微笑み.png", 12)
    assert [frame.image_bgr[0, 0, 0] for frame in read_all(opened(folder))] == [12]


def test_a_folder_is_read_in_natural_order_without_other_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for value, name in enumerate(["f1.png", "f2.png", "F10.png", "g3.png"]):
        write(tmp_path / name, 10 + value)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "labels.csv").write_text("no picture")
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner" / "f0.png")
    source = opened(tmp_path)
    assert source.frame_count == 4
    frames = read_all(source)
    assert [frame.image_bgr[0, 0, 0] for frame in frames] == [10, 11, 12, 13]
    assert [frame.frame_id for frame in frames] == [0, 1, 2, 3]
    assert "4 pictures; 2 other files are left out" in caplog.text
    assert source.pictures_skipped == 0


def test_natural_order_never_compares_numbers_with_words() -> None:
    names = ["10.png", "9.png", "a.png", "a10b2.png", "a10b10.png", "a9.png", "²x.png"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_order)]
    assert ordered == ["9.png", "10.png", "a9.png", "a10b2.png", "a10b10.png", "a.png", "²x.png"]


def test_unreadable_pictures_of_a_folder_are_skipped_with_a_warning_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "1.png", 10)
    (tmp_path / "2.png").write_text("no picture at all")
    whole = write(tmp_path / "3.png", 10, shape=(64, 64, 3)).read_bytes()
    (tmp_path / "3.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "4.png").touch()
    write(tmp_path / "5.png", 50)
    source = opened(tmp_path)
    frames = read_all(source)
    assert [frame.image_bgr[0, 0, 0] for frame in frames] == [10, 50]
    assert [frame.frame_id for frame in frames] == [0, 1]
    assert source.pictures_skipped == 3
    skipped = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(skipped) == 3
    assert "2.png: expected a complete picture" in skipped[0]
    assert "4.png: expected a picture, found an empty file" in skipped[2]
    assert state_of(source) is SourceState.ENDED


def test_a_picture_that_vanishes_after_listing_is_skipped(tmp_path: Path) -> None:
    write(tmp_path / "1.png")
    gone = write(tmp_path / "2.png")
    source = opened(tmp_path)
    gone.unlink()
    assert len(read_all(source)) == 1
    assert source.pictures_skipped == 1


def test_a_folder_without_a_readable_picture_fails_at_its_end_also_in_a_loop(tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / f"{index}.jpg").write_text("no picture")
    for loop in (False, True):
        source = opened(tmp_path, loop=loop)
        with pytest.raises(SourceFormatError, match="none of its 3 pictures could be read"):
            source.read()
        assert state_of(source) is SourceState.FAILED
        source.close()


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.mp4").touch()
    with pytest.raises(SourceFormatError, match=r"expected a folder with pictures \(.bmp, .*found 2 other files"):
        opened(tmp_path)


@pytest.mark.parametrize(("content", "complaint"), [(b"", "empty file"), (b"plain text", "do not decode")])
def test_a_single_unreadable_picture_is_an_error_at_opening(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    source = PictureSource(tmp_path / "a.jpg")
    with pytest.raises(SourceFormatError, match=complaint) as error:
        source.open()
    assert "\n" not in str(error.value)
    assert state_of(source) is SourceState.FAILED
    with pytest.raises(SourceUnavailableError):
        source.read()


def test_floats_out_of_range_are_one_line(tmp_path: Path) -> None:
    write(tmp_path / "a.tiff", 300, shape=(4, 4), dtype=np.float32)
    with pytest.raises(SourceFormatError, match=r"^\S+a\.tiff: expected float values in \[0, 1\]"):
        read_picture(tmp_path / "a.tiff")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"a\.png: cannot be read: No such file"):
        opened(tmp_path / "a.png")


def test_loop_repeats_with_growing_ids_and_times(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 10)
    write(tmp_path / "2.png", 20)
    source = opened(tmp_path, loop=True, fps=4)
    assert source.frame_count is None
    assert source.nominal_fps == 4
    frames = [source.read() for _ in range(5)]
    assert [None if frame is None else int(frame.image_bgr[0, 0, 0]) for frame in frames] == [10, 20, 10, 20, 10]
    assert [None if frame is None else frame.frame_id for frame in frames] == [0, 1, 2, 3, 4]
    assert [None if frame is None else frame.media_time_s for frame in frames] == [0, 0.25, 0.5, 0.75, 1.0]
    source.close()
    source.close()
    assert source.read() is None
    assert state_of(source) is SourceState.ENDED
    with pytest.raises(SourceUnavailableError, match="closed"):
        source.open()


def test_a_skipped_picture_keeps_its_place_in_time(tmp_path: Path) -> None:
    write(tmp_path / "1.png")
    (tmp_path / "2.png").touch()
    write(tmp_path / "3.png")
    assert [frame.media_time_s for frame in read_all(opened(tmp_path, fps=10))] == [0, 0.2]


def test_reading_unopened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"open\(\) has not been called"):
        PictureSource(tmp_path).read()
