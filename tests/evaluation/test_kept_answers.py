from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.kept_answers import KeptAnswers

TEST = {"model": "m", "protocol": "p"}


def test_answers_are_found_again_and_half_a_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    with KeptAnswers(path, TEST, ("answer",)) as kept:
        assert kept.of("a.png") is None
        kept.add("a.png", {"answer": "Fear", "truth": "Anger"})
        assert len(path.read_text().splitlines()) == 2, "on disk at once"
    with path.open("a") as file:
        file.write('{"image": "b.png", "ans')
    with KeptAnswers(path, TEST, ("answer",)) as kept:
        assert kept.of("a.png") == {"answer": "Fear", "truth": "Anger"}
        assert kept.of("b.png") is None
        kept.add("b.png", {"answer": "Fear"})
    assert [json.loads(line).get("image") for line in path.read_text().splitlines()] == [None, "a.png", "b.png"]


def test_other_tests_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with KeptAnswers(path, TEST, ("answer",)) as kept:
        kept.add("a.png", {"answer": "Fear"})
    with pytest.raises(DatasetError, match=r"answers of another test .*model is 'other', there 'm'"):
        KeptAnswers(path, {**TEST, "model": "other"}, ("answer",))
    with pytest.raises(DatasetError, match="expected lines of answers, found others"):
        KeptAnswers(path, TEST, ("caption",))
    path.write_text("something\n")
    with pytest.raises(DatasetError, match="expected lines of answers"):
        KeptAnswers(path, TEST, ("answer",))
    with pytest.raises(DatasetError, match="cannot be read"):
        KeptAnswers(tmp_path, TEST, ("answer",))
