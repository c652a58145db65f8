from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.exp_blip_captions import CaptionRecord, captioned_faces, read_captions
from realtime_fer.errors import DatasetError


def saved(path: Path, *values: Any) -> Path:
    path.write_text(json.dumps(values))
    return path


def test_captions_are_read(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.json", {"image": "x/a.png", "caption": "Happy.", "image_id": 7}, {"image": "b.png", "caption": "B"}
    )
    assert read_captions(path) == [CaptionRecord("x/a.png", "Happy.", "7"), CaptionRecord("b.png", "B", "b.png")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"caption": ""}, r"record 0: \(a\.png\) expected a text as 'caption', found an empty str"),
        ({"caption": ["in", "out"]}, "found list"),
        ({"image": None}, "expected a file name as 'image', found nothing"),
        ({"image_id": [1]}, "expected a text or a number as 'image_id', found list"),
    ],
)
def test_bad_records_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_captions(saved(tmp_path / "a.json", {"image": "a.png", "caption": "A", **change}))


def test_pictures_are_found_in_several_folders(tmp_path: Path) -> None:
    for folder, names in (("one", ("a.png", "b.png")), ("two", ("b.png", "c.png"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"x")
    first = saved(tmp_path / "1.json", *({"image": name, "caption": "x"} for name in ("b.png", "a.png")))
    second = saved(tmp_path / "2.json", {"image": "c.png", "caption": "y"}, {"image": "c.png", "caption": "z"})
    folders = [tmp_path / "one", tmp_path / "two"]
    faces = captioned_faces([first, second], folders)
    assert [(face.record.caption, face.picture.relative_to(tmp_path).as_posix()) for face in faces] == [
        ("x", "one/b.png"),
        ("x", "one/a.png"),
        ("y", "two/c.png"),
        ("z", "two/c.png"),
    ]
    with pytest.raises(DatasetError, match=r"2\.json: record 0: no picture c\.png in .*one; and 1 more; name every folder"):
        captioned_faces([first, second], folders[:1])
    with pytest.raises(DatasetError, match="three: expected a folder of pictures, found none"):
        captioned_faces([first], [tmp_path / "three"])
