"""`realtime-fer convert raf-db`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from realtime_fer.commands.convert import convert
from realtime_fer.datasets.chain_records import find_pictures, read_chain_records
from realtime_fer.errors import DatasetError
from tests.datasets.raf_db_folders import BASIC, COMPOUND, save_part


def run(*options: str) -> Result:
    return CliRunner().invoke(convert, ["raf-db", *options], standalone_mode=False)


def test_both_parts_become_two_files(tmp_path: Path) -> None:
    basic, compound = save_part(tmp_path / "basic", BASIC), save_part(tmp_path / "compound", COMPOUND)
    train, test = tmp_path / "made" / "train.json", tmp_path / "made" / "test.json"
    result = run("--basic", str(basic), "--compound", str(compound), "--out", f"{train},{test}")
    assert result.exception is None, result.exception
    assert "train.json: 4 questions" in result.output
    assert "test.json: 6 questions" in result.output
    folders = [basic / "Image" / "aligned", compound / "Image" / "aligned"]
    assert f"--images {folders[0]} --images {folders[1]}" in result.output
    records = read_chain_records(train)
    assert [(r.record_id, r.image, r.primary, r.answer) for r in records] == [
        ("00001", "train_00001_aligned.jpg", None, "Sadness"),
        ("00002", "train_00002_aligned.jpg", None, "Neutral"),
        ("0001_1", "train_0001_aligned.jpg", "Sadness", "Fear"),
        ("0001_2", "train_0001_aligned.jpg", "Fear", "Sadness"),
    ]
    for path in (train, test):
        find_pictures(read_chain_records(path), folders, str(path))


def test_one_part_alone(tmp_path: Path) -> None:
    compound = save_part(tmp_path / "compound", COMPOUND)
    result = run(
        "--compound", str(compound), "--out", f"{tmp_path / 'a.json'}, {tmp_path / 'b.json'}", "--pictures", "original"
    )
    assert result.exception is None, result.exception
    assert {record.image for record in read_chain_records(tmp_path / "b.json")} == {"test_001.jpg", "test_002.jpg"}


def test_no_part_at_all() -> None:
    assert "expected --basic, --compound or both" in str(run("--out", "a.json,b.json").exception)


@pytest.mark.parametrize("out", ["a.json", "a.json,a.json", "a,b,c"])
def test_not_two_files(tmp_path: Path, out: str) -> None:
    assert "expected two files with a comma between them" in str(run("--basic", str(tmp_path), "--out", out).exception)


def test_nothing_is_written_where_something_is_missing(tmp_path: Path) -> None:
    basic = save_part(tmp_path / "basic", BASIC)
    result = run("--basic", str(basic), "--compound", str(tmp_path), "--out", f"{tmp_path}/a.json,{tmp_path}/b.json")
    assert isinstance(result.exception, DatasetError)
    assert not list(tmp_path.glob("*.json"))
