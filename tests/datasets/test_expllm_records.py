from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.expllm_records import (
    ExpLlmRecord,
    ExpLlmSource,
    expllm_faces,
    read_expllm_list,
    read_expllm_records,
    write_expllm_records,
)
from realtime_fer.errors import DatasetError

RECORDS = [
    ExpLlmRecord("a.png", "Fear"),
    ExpLlmRecord("b.png", "Anger", "A text \u2014 long.", tuple(number / 24 for number in range(24))),
    ExpLlmRecord("c.png", None, "Only words."),
]


def shared_records() -> Path:
    data = os.environ.get("REALTIME_FER_DATA")
    folder = (Path(data) if data else Path(__file__).parents[3] / "shared" / "data") / "expllm"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder / "sample_records.json"


def save_sources(folder: Path, text: str, faces: int = 4) -> Path:
    (folder / "faces").mkdir()
    for number in range(faces):
        (folder / "faces" / f"{number}.png").write_bytes(b"x")
    (folder / "a.json").write_text(json.dumps([{"file_name": f"{number}.png", "emo": "Fear"} for number in range(faces)]))
    (folder / "list.txt").write_text(text)
    return folder / "list.txt"


def test_records_are_written_and_read(tmp_path: Path) -> None:
    write_expllm_records(tmp_path / "new" / "a.json", RECORDS)
    read = read_expllm_records(tmp_path / "new" / "a.json")
    assert read[0] == RECORDS[0]
    assert read[2] == RECORDS[2]
    assert read[1].description == RECORDS[1].description
    assert read[1].au_intensities == pytest.approx(RECORDS[1].au_intensities, abs=5e-5)
    assert json.loads((tmp_path / "new" / "a.json").read_text(encoding="utf-8"))[0] == {"file_name": "a.png", "emo": "Fear"}


@pytest.mark.shared_data
def test_the_authors_records() -> None:
    records = read_expllm_records(shared_records())
    assert len(records) == 30
    assert all(record.label and record.description and record.au_intensities for record in records)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emo": "fear"}, r"record 0: \(a\.png\) expected 'emo' out of Neutral, .*, found 'fear'"),
        (
            {"emo": None, "bbox": [1, 2, 3, 4]},
            "neither 'emo' nor 'description'; bbox belong to tasks that are not trained here",
        ),
        ({"description": " "}, "expected a text as 'description', found str"),
        ({"au": [0] * 23}, "expected 24 values as 'au', found 23 values"),
        ({"au": [0] * 23 + [-1]}, r"expected 'au' value 24 in \[0, 1\], found -1"),
        ({"file_name": "/a.png"}, "leads out of the folder"),
    ],
)
def test_bad_records_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"file_name": "a.png", "emo": "Fear", **change}]))
    with pytest.raises(DatasetError, match=message):
        read_expllm_records(tmp_path / "a.json")


def test_a_list_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_sources(tmp_path, "a.json,faces\n\n a.json , faces , 0.5 \na.json,faces,3\n")
    annotations, pictures = tmp_path / "a.json", tmp_path / "faces"
    expected = [ExpLlmSource(annotations, pictures, repeat) for repeat in (1.0, 0.5, 3.0)]
    assert read_expllm_list(path, tmp_path) == expected
    monkeypatch.chdir(tmp_path)
    assert [source.annotations.resolve() for source in read_expllm_list(path)] == [annotations] * 3


def test_repeats_and_shares(tmp_path: Path) -> None:
    path = save_sources(tmp_path, "a.json,faces,2\na.json,faces,0.5\n", faces=8)
    sources = read_expllm_list(path, tmp_path)
    faces = expllm_faces(sources, 1)
    names = [face.record.file_name for face in faces]
    assert len(names) == 20
    assert sorted(names[:16]) == sorted([f"{number}.png" for number in range(8)] * 2)
    assert len(set(names[16:])) == 4
    assert faces == expllm_faces(sources, 1)
    assert len({tuple(face.record.file_name for face in expllm_faces(sources, seed)[16:]) for seed in range(8)}) > 1
    assert faces[0].picture == tmp_path / "faces" / "0.png"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.json\n", r"line 1: expected annotations\.json,folder\[,repeat\], found 'a.json'"),
        ("a.json,faces,x\n", "line 1: expected a number above 0 as repeat, found 'x'"),
        ("a.json,faces,0\n", "as repeat, found '0'"),
        ("\na.json,nowhere\n", r"line 2: no folder of pictures at .*nowhere; relative paths start at .*, see --root"),
        ("b.json,faces\n", r"line 1: no annotations at .*b\.json"),
        ("\n", "found none"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_expllm_list(save_sources(tmp_path, text), tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = save_sources(tmp_path, "a.json,faces,0.1\n")
    with pytest.raises(DatasetError, match="its shares leave no record"):
        expllm_faces(read_expllm_list(path, tmp_path), 0)
    (tmp_path / "faces" / "2.png").unlink()
    with pytest.raises(DatasetError, match=r"a\.json: no picture .*2\.png, of 4"):
        expllm_faces(read_expllm_list(path, tmp_path), 0)
    with pytest.raises(DatasetError, match=r"none\.txt: expected a list of sources"):
        read_expllm_list(tmp_path / "none.txt")
