from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError
from realtime_fer.zoo import model_package
from realtime_fer.zoo.model_package import export_model, is_package, package_files, take_over
from realtime_fer.zoo.shelf import find_model, verify_model
from tests.zoo.test_manifest import EXPRESSION, write


@pytest.fixture
def mine(home: Path) -> Path:
    """A model on the shelf of imported ones, with a text and something that is no part of it."""
    folder = home / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "m.onnx").write_bytes(b"abc")
    (folder / "m8.onnx").write_bytes(b"8")
    (folder / "CARD.md").write_text("# mine\n")
    (folder / "stray.tmp").write_text("no part of it")
    eight = {"file": "m8.onnx", "sha256": hashlib.sha256(b"8").hexdigest(), "size_bytes": 1, "calibrated_on": "nothing"}
    write(folder, {**EXPRESSION, "name": "mine", "sha256": hashlib.sha256(b"abc").hexdigest(), "int8": eight})
    return folder


NAMES = {"m.onnx", "m8.onnx", "CARD.md", "manifest.json"}


def test_a_folder_is_copied_whole(mine: Path, tmp_path: Path) -> None:
    assert set(package_files(find_model("mine"))) == NAMES
    written = export_model(find_model("mine"), tmp_path / "usb")
    assert written == tmp_path / "usb" / "mine"
    assert {path.name for path in written.iterdir()} == NAMES
    verify_model(find_model(str(written)))
    with pytest.raises(ModelError, match="is there already"):
        export_model(find_model("mine"), tmp_path / "usb")


@pytest.mark.parametrize("to", ["mine.zip", "usb"])
def test_there_and_back(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    written = export_model(find_model("mine"), tmp_path / to)
    assert is_package(written)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another machine"))
    out = take_over(written, tmp_path / "another machine" / "realtime-fer" / "models" / "mine")
    assert find_model("mine").folder == out
    verify_model(find_model("mine"))
    assert {path.name for path in out.iterdir()} == NAMES
    assert {path.name for path in out.parent.iterdir()} == {"mine"}
    with pytest.raises(ModelError, match="give --replace"):
        take_over(written, out)
    take_over(written, out, replace=True)
    verify_model(find_model("mine"))


def test_what_is_not_whole_is_not_carried(mine: Path, tmp_path: Path) -> None:
    (mine / "m8.onnx").write_bytes(b"9")
    for to in (tmp_path / "usb", tmp_path / "mine.zip"):
        with pytest.raises(ModelCorruptError, match="expected sha256"):
            export_model(find_model("mine"), to)
        assert not to.exists()
    with pytest.raises(ModelCorruptError, match="expected sha256"):
        take_over(mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_pack_that_does_not_read_back_is_removed(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_package, "_member_sha256", lambda *_: "0" * 64)
    with pytest.raises(ModelCorruptError, match="does not read back equal"):
        export_model(find_model("mine"), tmp_path / "mine.zip")
    assert not list(tmp_path.glob("*.zip*"))


def test_nothing_can_be_written_there(mine: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        export_model(find_model("mine"), tmp_path / "file" / "mine.zip")


def test_a_pack_that_was_changed_on_the_way(mine: Path, tmp_path: Path) -> None:
    packed = export_model(find_model("mine"), tmp_path / "mine.zip")
    content = packed.read_bytes()
    for changed in (content[:-30], content.replace(b"abc", b"abd", 1)):
        packed.write_bytes(changed)
        with pytest.raises(ModelCorruptError, match="cannot be unpacked"):
            take_over(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "members",
    [
        {"mine/manifest.json": "{}", "../escaped": "x"},
        {"a/manifest.json": "{}", "b/m.onnx": "x"},
    ],
)
def test_a_pack_that_would_write_elsewhere(home: Path, tmp_path: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(ModelCorruptError, match="expected the files of one model folder, found those of 2"):
        take_over(tmp_path / "p.zip", tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "escaped").exists()
    assert not (tmp_path / "escaped").exists()


def test_a_pack_with_a_name_that_leads_elsewhere(home: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("mine/manifest.json", "{}")
        archive.writestr("mine/..", "x")
    with pytest.raises(ModelCorruptError, match=r"'\.\.' is no plain file name"):
        take_over(tmp_path / "p.zip", tmp_path / "in" / "out")


def test_a_manifest_that_points_elsewhere(mine: Path, tmp_path: Path) -> None:
    secret = mine.parent / "secret"
    secret.write_bytes(b"abc")
    write(mine, {**EXPRESSION, "file": "../secret", "sha256": hashlib.sha256(b"abc").hexdigest()})
    with pytest.raises(ModelCorruptError, match="expected a file inside the model's folder"):
        export_model(find_model("mine"), tmp_path / "usb")


def test_what_is_no_package(home: Path, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"weights")
    with zipfile.ZipFile(tmp_path / "torch.pth", "w") as archive:
        archive.writestr("archive/data.pkl", "x")
    assert not is_package(tmp_path / "w.pth")
    assert not is_package(tmp_path / "torch.pth")
    assert not is_package(tmp_path)
    with pytest.raises(ModelNotFoundError, match=r"found no manifest\.json"):
        take_over(tmp_path, tmp_path / "out")


def test_the_name_is_that_of_the_folder(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine)
    assert export_model(find_model(os.curdir), tmp_path / "usb").name == "mine"


def test_a_folder_of_others_is_left_alone(mine: Path, tmp_path: Path) -> None:
    packed = export_model(find_model("mine"), tmp_path / "mine.zip")
    out = tmp_path / "pictures"
    out.mkdir()
    take_over(packed, out)
    verify_model(find_model(str(out)))
    (out / "manifest.json").unlink()
    for replace in (False, True):
        with pytest.raises(ModelError, match="expected a new folder or a model's, found other files"):
            take_over(packed, out, replace=replace)
    assert (out / "m.onnx").read_bytes() == b"abc"


def test_a_link_to_a_larger_disk_stays_one(mine: Path, tmp_path: Path) -> None:
    packed = export_model(find_model("mine"), tmp_path / "mine.zip")
    (tmp_path / "large").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "large")
    take_over(packed, tmp_path / "link")
    take_over(packed, tmp_path / "link", replace=True)
    assert (tmp_path / "link").is_symlink()
    verify_model(find_model(str(tmp_path / "large")))
    assert {path.name for path in tmp_path.iterdir()} == {"data", "mine.zip", "large", "link"}


def test_a_copy_that_failed_leaves_nothing(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(model_package, "copy_whole", full_disk)
        with pytest.raises(ModelError, match=r"usb/mine: cannot be written \(No space left"):
            export_model(find_model("mine"), tmp_path / "usb")
    assert list((tmp_path / "usb").iterdir()) == []
    export_model(find_model("mine"), tmp_path / "usb")


def full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_no_room_to_unpack(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = export_model(find_model("mine"), tmp_path / "mine.zip")
    monkeypatch.setattr(shutil, "copyfileobj", full_disk)
    with pytest.raises(ModelError, match=r"cannot be unpacked into \(No space left on device\); is there room"):
        take_over(packed, tmp_path / "in" / "out")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_pack_cut_short_is_one_still(mine: Path, tmp_path: Path) -> None:
    packed = export_model(find_model("mine"), tmp_path / "mine.zip")
    whole = packed.read_bytes()
    listing = whole.index(b"PK\x01\x02")
    for broken in (whole[:-40], whole[:listing] + b"XX" + whole[listing + 2 :]):
        packed.write_bytes(broken)
        assert is_package(packed)
        with pytest.raises(ModelCorruptError, match="cannot be unpacked"):
            take_over(packed, tmp_path / "out")
    (tmp_path / "w.pth").write_bytes(broken)
    assert not is_package(tmp_path / "w.pth")
