from __future__ import annotations

from pathlib import Path

from realtime_fer.datasets.unpacking_slips import unpacking_slip
from tests.datasets.miniatures import save_text

SIGNS = ("Sessions", "*/session.xml")


def test_a_folder_too_high_or_too_low(tmp_path: Path) -> None:
    (tmp_path / "outer" / "MMI" / "Sessions" / "1").mkdir(parents=True)
    for named in (tmp_path / "outer", tmp_path / "outer" / "MMI" / "Sessions"):
        assert unpacking_slip(named, SIGNS) == f"{tmp_path / 'outer' / 'MMI'} looks like the set's folder: name that one"
    assert unpacking_slip(tmp_path / "outer" / "MMI", SIGNS) is None
    assert unpacking_slip(tmp_path, SIGNS) is None


def test_what_lies_beside_a_folder_says_nothing_of_it(tmp_path: Path) -> None:
    save_text(tmp_path / "holiday" / "1.png", "")
    (tmp_path / "set").mkdir()
    assert unpacking_slip(tmp_path / "set", ("*/*.png",)) is None
    save_text(tmp_path / "set" / "1.png", "")
    assert unpacking_slip(tmp_path / "set", ("*/*.png",)) == f"{tmp_path} looks like the set's folder: name that one"


def test_what_is_no_folder(tmp_path: Path) -> None:
    assert unpacking_slip(tmp_path / "absent", SIGNS) == f"there is no folder {tmp_path / 'absent'}"
    archive = save_text(tmp_path / "set" / "MMI.zip", "")
    assert unpacking_slip(archive, SIGNS) == "name a folder, not a file; an archive has to be unpacked"
    assert unpacking_slip(archive.parent, SIGNS) == "MMI.zip is there but not unpacked"
    # A damaged array file is no archive to unpack.
    assert unpacking_slip(save_text(tmp_path / "faces.npz", ""), SIGNS) is None
