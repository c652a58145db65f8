from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.training.expllm.chain_of_thought.face_actions import ActiveAction, read_face_actions


def saved(path: Path, *values: Any) -> Path:
    path.write_text(json.dumps(values))
    return path


def test_the_24_intensities(tmp_path: Path) -> None:
    values = [0.0] * 24
    values[11], values[23], values[8] = 0.6, 0.2, 0.05
    path = saved(tmp_path / "a.json", {"file_name": "a.png", "emo": "Happiness", "au": values, "description": "ignored"})
    (face,) = read_face_actions(path)
    assert [(action.unit, action.name, action.level) for action in face.active] == [
        (9, "jaw drop", "slight"),
        (12, "left lip corner pull", "strong"),
        (24, "nose wrinkle", "slight"),
    ]
    assert (face.au_intensities, face.is_facs) == (tuple(values), False)
    assert [action.unit for action in read_face_actions(path, 0.1)[0].active] == [12, 24]


def test_units_of_facs(tmp_path: Path) -> None:
    by_number = {"file_name": "a.png", "emo": "Fear", "facs": {"AU20": 5, "au1": 1.5, "AU5": None, "AU26": 0}}
    by_letter = {"file_name": "b.png", "emo": "Anger", "facs": ["AU07", "4D", "AU45"]}
    first, second = read_face_actions(saved(tmp_path / "a.json", by_number, by_letter))
    assert first.active == (
        ActiveAction("AU1", "inner brow raiser", 0.3),
        ActiveAction("AU5", "upper lid raiser", None),
        ActiveAction("AU20", "lip stretch", 1.0),
    )
    assert [(action.unit, action.strength, action.level) for action in second.active] == [
        ("AU4", 0.8, "strong"),
        ("AU7", None, "present"),
        ("AU45", None, "present"),
    ]
    assert first.is_facs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emo": "Joy"}, r"record 0: \(a\.png\) expected 'emo' out of Neutral, .*, found 'Joy'"),
        ({"facs": ["AU4"]}, "expected either 'au' or 'facs', found both"),
        ({"au": [0.1] * 23}, "expected 24 values as 'au', found 23 values"),
        ({"au": [*[0.1] * 23, 1.5]}, r"'au' value 24: expected a number in \[0, 1\], found 1.5"),
        ({"au": None, "file_name": "../a.png"}, "leads out of the folder"),
    ],
)
def test_bad_records_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {"file_name": "a.png", "emo": "Fear", "au": [0.5] * 24}
    with pytest.raises(DatasetError, match=message):
        read_face_actions(saved(tmp_path / "a.json", {**good, **change}))


@pytest.mark.parametrize(
    ("facs", "message"),
    [
        (["AU12", "smile"], "expected a unit of FACS such as AU12 or AU12C, found 'smile'"),
        ({"AU99": 1}, "found 'AU99'"),
        ({"AU4": 6}, r"AU4: expected a number in \[0, 5\], found 6"),
        (3, "as 'facs', found int"),
    ],
)
def test_bad_units_are_named(tmp_path: Path, facs: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_face_actions(saved(tmp_path / "a.json", {"file_name": "a.png", "emo": "Fear", "facs": facs}))
