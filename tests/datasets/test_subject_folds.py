from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.datasets.split_files import read_split, subject_of
from realtime_fer.datasets.subject_folds import fold_rows, published_runs
from realtime_fer.errors import DatasetError

DATA = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=120), st.integers(2, 10))
def test_nobody_is_trained_and_tested_on_and_everyone_is_tested_once(samples: list[int], folds: int) -> None:
    people = [f"S{number:03d}" for number in samples]
    if len(set(people)) < folds:
        with pytest.raises(DatasetError, match="no more than there are people"):
            published_runs(people, folds)
        return
    runs = published_runs(people, folds)
    assert len(runs) == folds
    assert all(runs)
    tested = []
    for fold in range(folds):
        train, test = fold_rows(people, runs, fold)
        assert not {people[row] for row in train} & {people[row] for row in test}
        assert sorted([*train, *test]) == list(range(len(people)))
        tested += test.tolist()
    assert sorted(tested) == list(range(len(people)))


def test_runs_go_from_the_last_names_to_the_first() -> None:
    people = [f"S{number:03d}" for number in (7, 1, 2, 9, 3, 4, 5, 3)]
    assert published_runs(people, 3) == [("S007", "S009"), ("S003", "S004", "S005"), ("S001", "S002")]


@pytest.mark.parametrize(
    ("people", "sizes"),
    [(118, [12, 12, 11, 12, 12, 12, 12, 11, 12, 12]), (31, [3, 3, 3, 3, 3, 4, 3, 3, 3, 3])],
)
def test_the_published_numbers_of_people(people: int, sizes: list[int]) -> None:
    names = [f"S{number:03d}" for number in range(people)]
    assert [len(run) for run in published_runs(names)] == sizes


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "first_label", "images"),
    [
        ("CKPlus", 1, [78, 72, 114, 90, 90, 93, 111, 108, 114, 111]),
        ("MMI", 0, [63, 108, 90, 39, 63, 69, 72, 27, 15, 78]),
    ],
)
def test_the_published_lists_follow_from_the_people(name: str, first_label: int, images: list[int]) -> None:
    folder = DATA / "fmpn" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; set REALTIME_FER_DATA")
    published = read_split(folder, 0)
    # The lists of any fold together name every picture.
    names = sorted([*published.train, *published.test])
    labels = json.loads((folder / "emotion_labels.json").read_text())
    assert all(labels[item.rpartition("_")[0]] >= first_label for item in names)
    people = [subject_of(item) for item in names]
    runs = published_runs(people)
    train, test = fold_rows(people, runs, 0)
    assert [names[row] for row in train] == sorted(published.train)
    assert [names[row] for row in test] == sorted(published.test)
    assert [len(fold_rows(people, runs, fold)[1]) for fold in range(10)] == images


def test_bad_folds_are_named() -> None:
    people = ["a", "b", "c"]
    with pytest.raises(DatasetError, match=r"fold 2: expected one of 0 to 1"):
        fold_rows(people, [["a"], ["b", "c"]], 2)
    with pytest.raises(DatasetError, match="found b in two of them"):
        fold_rows(people, [["a", "b"], ["b", "c"]], 0)
    with pytest.raises(DatasetError, match="found c in none"):
        fold_rows(people, [["a"], ["b"]], 0)
    with pytest.raises(DatasetError, match=r"expected at least 2.*found 1"):
        published_runs(people, 1)
