from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.describing.moments import Moment, MomentKey, moments
from realtime_fer.errors import SourceFormatError, SourceUnavailableError
from realtime_fer.fingerprint import files_fingerprint
from realtime_fer.pipeline.fast_path import FastPath
from tests.describing.parts import fast_path, write_film, write_picture
from tests.fakes import FakeClock


def listed(path: Path, done: set[MomentKey] | None = None, **settings: float) -> list[Moment]:
    return list(moments(str(path), fast_path, clock=FakeClock(), **settings).iterate(done or set()))


def test_a_picture_is_one_moment_with_all_its_faces(tmp_path: Path) -> None:
    (moment,) = listed(write_picture(tmp_path / "a.png"))
    assert moment.key == ("a.png", 0, files_fingerprint([tmp_path / "a.png"]))
    assert moment.time_s is None
    assert moment.result is not None
    assert len(moment.result.faces) == 2


def test_a_folder_gives_its_pictures_in_natural_order_and_names_the_unreadable(tmp_path: Path) -> None:
    for name in ("9.png", "10.png"):
        write_picture(tmp_path / name)
    (tmp_path / "11.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("left out")
    found = listed(tmp_path)
    assert [moment.name for moment in found] == ["9.png", "10.png", "11.png"]
    assert [moment.problem is None for moment in found] == [True, True, False]
    assert "11.png" in str(found[2].problem)
    assert moments(str(tmp_path), fast_path).count == 3


def test_what_was_done_comes_without_a_result(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        write_picture(tmp_path / name)
    done = {listed(tmp_path)[0].key}
    first, second = listed(tmp_path, done)
    assert first.result is None
    assert first.problem is None
    assert second.result is not None
    write_picture(tmp_path / "1.png", step=5)
    assert listed(tmp_path, done)[0].result is not None, "another picture by now"


def test_a_film_gives_the_middle_frame_of_each_interval(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi")  # 3 s of 10 frames each
    assert [moment.frame_id for moment in listed(film)] == [5, 15, 25]
    assert [moment.time_s for moment in listed(film, every_s=2.0)] == [pytest.approx(1.0)]
    assert moments(str(film), fast_path).count == 3
    told: list[bool] = []

    def noted(unrelated_frames: bool) -> FastPath:
        told.append(unrelated_frames)
        return fast_path()

    list(moments(str(film), noted).iterate(set()))
    assert told == [False], "the frames of a film belong together"


def test_a_short_film_gives_its_last_frame(tmp_path: Path) -> None:
    assert [moment.frame_id for moment in listed(write_film(tmp_path / "film.avi", frames=3), every_s=5.0)] == [2]


def test_a_film_goes_on_where_it_stopped(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi")
    keys = [moment.key for moment in listed(film)]
    assert keys[1] == ("film.avi", 15, files_fingerprint([film]))
    first, second, third = listed(film, {keys[0], keys[2]})
    assert (first.result, third.result) == (None, None)
    assert second.result is not None
    assert second.time_s == pytest.approx(1.5)
    write_film(film, frames=29)
    assert all(moment.result is not None for moment in listed(film, set(keys)))


def test_what_cannot_be_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFormatError, match="expected a folder with pictures"):
        moments(str(tmp_path), fast_path)
    with pytest.raises(SourceUnavailableError, match="found a camera or stream"):
        moments("0", fast_path)
    with pytest.raises(SourceUnavailableError, match="no such file"):
        moments(str(tmp_path / "nothing.png"), fast_path)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SourceFormatError, match=r"broken\.png"):
        moments(str(tmp_path / "broken.png"), fast_path)
