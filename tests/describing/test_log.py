from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_fer.describing.log import DescriptionLog
from realtime_fer.errors import ReasoningError


def line(name: str, *, error: str | None = None, problem: str | None = None) -> dict[str, Any]:
    who = {"reasoner": "talker", "version": "1"}
    return {"name": name, "fingerprint": "f", "frame_id": 0, **who, "problem": problem, "faces": [{"error": error}]}


def opened(path: Path, reasoner: str = "talker") -> DescriptionLog:
    return DescriptionLog(path, reasoner=reasoner, version="1", options="o")


def test_lines_are_kept_and_found_again(tmp_path: Path) -> None:
    log = opened(tmp_path / "log.jsonl")
    assert log.done == set()
    log.write(line("a"))
    log.write(line("b"))
    log.close()
    again = opened(tmp_path / "log.jsonl")
    assert again.done == {("a", 0, "f"), ("b", 0, "f")}
    again.write(line("c"))
    again.close()
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


def test_half_a_line_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    whole = json.dumps(line("a")) + "\n"
    path.write_text(whole + json.dumps(line("b"))[:-4])
    log = opened(path)
    assert log.done == {("a", 0, "f")}
    log.write(line("b"))
    log.close()
    assert path.read_text() == whole + json.dumps(line("b")) + "\n"


def test_failures_are_tried_again_and_the_last_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [line("a", error="E"), line("b", problem="P"), line("c"), line("a"), line("c", error="E")]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    log = opened(path)
    log.close()
    assert log.done == {("a", 0, "f")}


def test_another_file_and_another_reasoner_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not JSON\nat all")
    with pytest.raises(ReasoningError, match=r"notes\.txt: expected descriptions, .* found b'at all'"):
        opened(path)
    assert path.read_text() == "not JSON\nat all", "somebody else's file stays as it is"
    path.write_text("one line without an end")
    with pytest.raises(ReasoningError, match=r"found b'one line"):
        opened(path)
    path.write_text(json.dumps(line("a")) + "\n")
    with pytest.raises(ReasoningError, match=r"expected descriptions by other \(1\), found some by talker \(1\)"):
        opened(path, "other")
    with pytest.raises(ReasoningError, match="cannot be kept there"):
        opened(tmp_path / "nowhere" / "log.jsonl")


def test_a_picture_is_known_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [line("a"), {**line("a"), "fingerprint": "g", "problem": "P"}]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    with opened(path) as log:
        assert log.done == {("a", 0, "f")}, "another picture of its name takes nothing away"


def test_pictures_of_an_earlier_version_s_lines_are_asked_about_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    older = line("a")
    del older["fingerprint"]
    path.write_text(json.dumps(older) + "\n")
    with opened(path) as log:
        assert ("a", 0, "f") not in log.done
    assert path.read_text() == json.dumps(older) + "\n"


def test_a_problem_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for problem in ("P", "P", "Q", "P", None, "P"):
        with opened(path) as log:
            log.write(line("a", problem=problem))
    assert [json.loads(each)["problem"] for each in path.read_text().splitlines()] == ["P", "Q", "P", None, "P"]


def test_answers_under_other_options_stay_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for options, is_mixed in (("o", False), ("o", False), ("other", True)):
        with DescriptionLog(path, reasoner="talker", version="1", options=options) as log:
            assert log.is_mixed == is_mixed
            log.write({**line("a"), "options": options})
            assert len(log.done) == min(1, len(path.read_text().splitlines()) - 1)
