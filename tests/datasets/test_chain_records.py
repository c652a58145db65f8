from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.datasets.chain_records import (
    ChainRecord,
    basic_records,
    compound_records,
    find_pictures,
    read_chain_records,
    records_digest,
    write_chain_records,
)
from realtime_fer.datasets.raf_db import RafDbPicture
from realtime_fer.errors import DatasetError
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION
from tests.reasoning.chain_of_affect.published_facts import published_facts

GOOD: dict[str, Any] = {
    "id": "0001",
    "image": "a.jpg",
    "conversations": [{"from": "human", "value": f"<image>\n{FIRST_QUESTION}"}, {"from": "gpt", "value": "Fear"}],
}


def saved(folder: Path, *values: Any) -> Path:
    (folder / "train.json").write_text(json.dumps(list(values)))
    return folder / "train.json"


def test_the_published_records_come_out_letter_by_letter(tmp_path: Path) -> None:
    facts = published_facts()
    of_pair = {frozenset((entry["primary"], entry["secondary"])): entry["label"] for entry in facts["compound"]}
    for sample in facts["samples"]:
        number, _, order = sample["id"].partition("_")
        read = read_chain_records(saved(tmp_path, sample))
        if not order:
            made = basic_records([RafDbPicture("test", number, sample["conversations"][1]["value"], sample["image"])])
        else:
            assert read[0].primary is not None
            label = of_pair[frozenset((read[0].primary, read[0].answer))]
            made = compound_records([RafDbPicture("test", number, label, sample["image"])])[int(order) - 1 :][:1]
        assert made == read
        write_chain_records(tmp_path / "out.json", made)
        assert json.loads((tmp_path / "out.json").read_text()) == [sample]


def test_a_compound_label_is_asked_from_both_ends() -> None:
    one, other = compound_records([RafDbPicture("train", "0007", "Sadly Fearful", "x.jpg")])
    assert (one.record_id, one.primary, one.answer) == ("0007_1", "Sadness", "Fear")
    assert (other.record_id, other.primary, other.answer) == ("0007_2", "Fear", "Sadness")
    assert one.image == other.image == "x.jpg"


def test_the_first_question_states_no_emotion() -> None:
    (record,) = basic_records([RafDbPicture("train", "1", "Fear", "x.jpg")])
    assert record.primary is None
    assert record.question == FIRST_QUESTION


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, r"record 1: 'id' is NoneType"),
        ({"image": "../x.jpg"}, r"record 1 \(id 0002\): image '\.\./x\.jpg' leads out"),
        ({"image": "/x.jpg"}, "leads out"),
        ({"conversations": []}, "'conversations' is an empty list"),
        (
            {"conversations": GOOD["conversations"] * 2},
            r"one turn from 'human' and one from 'gpt', found \['human', 'gpt', 'human'",
        ),
        ({"conversations": GOOD["conversations"][::-1]}, "one turn from 'human'"),
        ({"conversations": [{"from": "human", "value": "Hello"}, GOOD["conversations"][1]]}, "begins with <image>.*'Hello'"),
        ({"conversations": [GOOD["conversations"][0], {"from": "gpt", "value": "Joy"}]}, "answer out of Surprise.*'Joy'"),
        ({"id": "0001"}, r"record 1 \(id 0001\): its id was used before"),
    ],
)
def test_a_bad_record_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = saved(tmp_path, GOOD, {**GOOD, "id": "0002", **change})
    with pytest.raises(DatasetError, match=rf"train\.json: .*{message}"):
        read_chain_records(path)


def test_a_key_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"record 0 \(id 1\): lacks 'image'"):
        read_chain_records(saved(tmp_path, {"id": "1"}))


def test_many_bad_records_are_counted(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"record 0: expected an object, found int; record 1.*record 2.*and 2 bad records more, of 6"
    ):
        read_chain_records(saved(tmp_path, 1, 2, 3, 4, 5, GOOD))


@pytest.mark.parametrize(("content", "message"), [("{", "cannot be read"), ("{}", "an empty dict"), ("[]", "an empty list")])
def test_other_files(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(DatasetError, match=rf"x\.json: expected a JSON list of records, found .*{message}"):
        read_chain_records(tmp_path / "x.json")
    with pytest.raises(DatasetError, match=r"y\.json: no such file"):
        read_chain_records(tmp_path / "y.json")


def test_pictures_are_looked_for_in_every_folder(tmp_path: Path) -> None:
    records = [ChainRecord(str(n), image, FIRST_QUESTION, "Fear") for n, image in enumerate(["a.jpg", "b.jpg", "a.jpg"])]
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, name in ((one, "a.jpg"), (other, "b.jpg"), (other, "a.jpg")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    assert find_pictures(records, [one, other], "f") == {"a.jpg": one / "a.jpg", "b.jpg": other / "b.jpg"}
    with pytest.raises(DatasetError, match=r"f: record 1 \(id 1\): no picture b\.jpg in .*one; name every folder"):
        find_pictures(records, [one], "f")
    with pytest.raises(DatasetError, match="absent: no such folder"):
        find_pictures(records, [one, tmp_path / "absent"], "f")


def test_the_short_name_follows_the_content() -> None:
    one, other = ChainRecord("1", "a.jpg", FIRST_QUESTION, "Fear"), ChainRecord("1", "a.jpg", FIRST_QUESTION, "Anger")
    assert records_digest([one]) == records_digest([one])
    assert len({records_digest(records) for records in ([one], [other], [one, other], [other, one])}) == 4
