from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelError
from realtime_fer.zoo.whole_file import copy_whole, other_size, require_plain


def test_sizes_are_compared_as_far_as_they_are_known() -> None:
    assert other_size(None, None, 7) is None
    assert other_size(7, None, 7) is None
    assert other_size(7, None, 8) == "7 bytes"
    assert other_size(None, 1_000_000, 1_049_000) is None
    assert other_size(None, 1_000_000, 1_051_000) == "about 1 MB"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; fetch it again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of git-lfs"),
        (b"\n <!DOCTYPE html>", "a web page"),
    ],
)
def test_what_comes_in_place_of_a_large_file(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "w"
    path.write_bytes(content)
    with pytest.raises(ModelCorruptError, match=f"w: {says}"):
        require_plain(path)
    path.write_bytes(b"\n\n\n")
    require_plain(path)


def test_a_copy_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"abc")
    with pytest.raises(ModelCorruptError, match="b: the copy does not read back equal"):
        copy_whole(source, target, "0" * 64)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full_disk)
        with pytest.raises(ModelError, match=r"b: cannot be written \(No space left on device\); is there room"):
            copy_whole(source, target, hashlib.sha256(b"abc").hexdigest())
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    copy_whole(source, target, hashlib.sha256(b"abc").hexdigest())
    assert target.read_bytes() == b"abc"
