from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.chain_of_affect.answers import AnswerFile
from realtime_fer.evaluation.chain_of_affect.protocol import ChainAnswers, ChainCase

TEST = {"protocol": "raf-db-basic", "weights": "a"}
ONE, OTHER = ChainCase("1.jpg", "Fear"), ChainCase("2.jpg", "Anger")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with AnswerFile(tmp_path / "run" / "answers.jsonl", TEST) as file:
        assert file.of(ONE) is None
        file.add(ONE, ChainAnswers("Fear\n“”", "Anger"))
        # On disk at once.
        assert len((tmp_path / "run" / "answers.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    return tmp_path / "run" / "answers.jsonl"


def test_answers_come_back_and_more_are_added(path: Path) -> None:
    with AnswerFile(path, TEST) as file:
        assert file.of(ONE) == ChainAnswers("Fear\n“”", "Anger")
        assert file.of(OTHER) is None
        file.add(OTHER, ChainAnswers("Anger"))
    with AnswerFile(path, TEST) as file:
        assert file.of(OTHER) == ChainAnswers("Anger", None)


def test_a_line_that_was_cut_short_is_dropped(path: Path) -> None:
    with AnswerFile(path, TEST) as file:
        file.add(OTHER, ChainAnswers("Anger"))
    path.write_text(path.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    with AnswerFile(path, TEST) as file:
        assert file.of(ONE) is not None
        assert file.of(OTHER) is None
        file.add(OTHER, ChainAnswers("Fear"))
    with AnswerFile(path, TEST) as file:
        assert file.of(OTHER) == ChainAnswers("Fear", None)


def test_answers_of_another_test_are_not_mixed_in(path: Path) -> None:
    with pytest.raises(DatasetError, match=r"answers of another test \(weights is 'b', there 'a'\); name another --out"):
        AnswerFile(path, {**TEST, "weights": "b"})


@pytest.mark.parametrize("content", ["[]\n", "{}\n", "x\n", '{"test": {"protocol": "raf-db-basic", "weights": "a"}}\n{}\n'])
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(DatasetError, match="x: expected lines of answers"):
        AnswerFile(tmp_path / "x", TEST)
    assert (tmp_path / "x").read_text() == content
