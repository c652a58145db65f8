from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.training.expllm.chain_of_thought.journal import Answer, open_journal, question_key


def test_answers_are_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "calls.jsonl"
    answers = {"a": Answer("one\ntwo", prompt_tokens=3), "b": Answer("", refused=True), "c": Answer("x", cut=True)}
    with open_journal(path) as journal:
        for key, answer in answers.items():
            assert journal.get(key) is None
            journal.put(key, answer)
            # Somebody who kills the run now loses nothing.
            assert f'"{key}"' in path.read_text()
    with open_journal(path) as journal:
        assert {key: journal.get(key) for key in answers} == answers
        assert len(journal) == 3


def test_an_unfinished_line_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with open_journal(path) as journal:
        journal.put("a", Answer("one"))
        journal.put("b", Answer("two"))
    path.write_bytes(path.read_bytes()[:-9])
    with open_journal(path) as journal:
        assert (len(journal), journal.get("b")) == (1, None)
        journal.put("c", Answer("three"))
    with open_journal(path) as journal:
        assert journal.get("c") == Answer("three")


def test_a_line_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with open_journal(path) as journal:
        journal.put("a", Answer("one"))
    path.write_text(path.read_text() + '{"text": "no question"}\n')
    with pytest.raises(DatasetError, match=r"calls\.jsonl: line 2: expected an answer of an earlier run"), open_journal(path):
        pass


def test_everything_about_a_question_counts() -> None:
    keys = {question_key(face, {"model": model, "n": n}) for face in "ab" for model in "xy" for n in (1, 2)}
    assert len(keys) == 8
    assert question_key("a", {"x": 1, "y": 2}) == question_key("a", {"y": 2, "x": 1})
