from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.json_list import BadRecordError, kind_of, picture_name, read_json_list
from realtime_fer.errors import DatasetError


def number(value: Mapping[str, Any]) -> int:
    if not isinstance(value.get("n"), int):
        raise BadRecordError(f"expected a number, found {kind_of(value.get('n'))}")
    return int(value["n"])


def test_records_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"n": 2}, {"n": 1}]')
    assert read_json_list(tmp_path / "a.json", number) == [2, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"a\.json: expected a JSON list of records, found a file that cannot be read"),
        ("{}", "found an empty dict"),
        ('{"n": 1}', "found dict"),
        ("[]", "found an empty list"),
        (
            '[{"n": 1}, 3, {"n": "x"}]',
            r"a\.json: record 1: expected an object, found int; record 2: expected a number, found str, of 3",
        ),
        (json.dumps([{}] * 6), "record 2: expected a number, found nothing; and 3 bad records more, of 6"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_json_list(tmp_path / "a.json", number)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"b\.json: expected a JSON list of records, found no such file"):
        read_json_list(tmp_path / "b.json", number)


@pytest.mark.parametrize("name", ["/etc/x.png", "../x.png", "a/../../x.png"])
def test_pictures_stay_in_their_folder(name: str) -> None:
    assert picture_name({"image": "a/b.png"}, "image") == "a/b.png"
    with pytest.raises(BadRecordError, match="leads out of the folder"):
        picture_name({"image": name}, "image")
    with pytest.raises(BadRecordError, match="expected a file name as 'image', found nothing"):
        picture_name({}, "image")
