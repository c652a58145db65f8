from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.output_files import check_output_files, require_writable
from realtime_fer.settings import OutputSettings


def outputs(**paths: Path) -> OutputSettings:
    return OutputSettings.model_validate(paths)


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    require_writable(tmp_path / "new.json")
    with pytest.raises(PublishingError, match="does not exist; create it first"):
        require_writable(tmp_path / "none" / "s.json")
    with pytest.raises(PublishingError, match="cannot be written"):
        require_writable(tmp_path)


@pytest.mark.parametrize("what", ["record", "results", "summary"])
def test_every_output_is_looked_at(tmp_path: Path, what: str) -> None:
    check_output_files(outputs(**{what: tmp_path / "new"}), "0")
    with pytest.raises(PublishingError, match="cannot be written"):
        check_output_files(outputs(**{what: tmp_path}), "0")


@pytest.mark.parametrize("what", ["record", "results", "summary"])
def test_no_output_takes_the_place_of_the_source(tmp_path: Path, what: str) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    link = tmp_path / "link.mp4"
    link.symlink_to(film)
    with pytest.raises(PublishingError, match=f"link.mp4: cannot be the file for {what}, it is the source"):
        check_output_files(outputs(**{what: link}), str(film))
    assert film.read_bytes() == b"film"


def test_two_outputs_need_two_files_but_devices_take_all(tmp_path: Path) -> None:
    same = tmp_path / "same"
    with pytest.raises(PublishingError, match="cannot be the file for summary, it is the file for results already"):
        check_output_files(outputs(results=same, summary=same), "demo")
    check_output_files(outputs(results=Path("/dev/null"), summary=Path("/dev/null")), "demo")
