from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.exp_blip.cases import CaptionCase, read_caption_cases


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(json.dumps(records))
    return path


def test_records_of_one_picture_are_one_case(tmp_path: Path) -> None:
    path = written(
        tmp_path / "test.json",
        {"image": "a.jpg", "caption": "One.", "action_units": ["AU6", "AU12"]},
        {"image": "b.jpg", "emotion": "fear"},
        {"image": "a.jpg", "caption": "Two.", "emotion": "happiness", "image_id": "a"},
    )
    assert read_caption_cases(path) == [
        CaptionCase("a.jpg", ("One.", "Two."), frozenset({"AU6", "AU12"}), "happiness"),
        CaptionCase("b.jpg", (), None, "fear"),
    ]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"image": "a.jpg"}, "has neither"),
        ({"image": "../a.jpg", "caption": "x"}, "leads out of the folder"),
        ({"image": "a.jpg", "caption": " "}, "expected a text as 'caption'"),
        ({"image": "a.jpg", "action_units": ["AU99"]}, "expected a list of AU1, "),
        ({"image": "a.jpg", "emotion": "joy"}, "expected 'emotion' out of neutral"),
    ],
)
def test_bad_records_are_named(record: dict[str, Any], expected: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=expected):
        read_caption_cases(written(tmp_path / "test.json", record))


def test_two_truths_about_one_picture_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "test.json", {"image": "a", "emotion": "fear"}, {"image": "a", "emotion": "anger"})
    with pytest.raises(DatasetError, match="a has two values of 'emotion', fear and anger"):
        read_caption_cases(path)
