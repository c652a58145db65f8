from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from benchmarks import chain_prefix  # noqa: E402
from benchmarks.chain_prefix import PublishedLengths, measure  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION_COMPOUND_TEST, second_question  # noqa: E402

pytestmark = pytest.mark.torch


def test_texts_have_their_published_lengths() -> None:
    tokenizer = PublishedLengths()
    first, second = (tokenizer.prompt(text, [757]) for text in (FIRST_QUESTION_COMPOUND_TEST, second_question("Fear")))
    assert (len(first), len(second)) == (811, 817)
    shared = next(index for index, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    assert shared == 764


def test_both_forms_are_measured_and_agree() -> None:
    result = measure("tiny", "cpu", torch.float32, repeats=1)
    assert result["same_answers"] == {"choosing": True, "in words": True}
    assert result["largest_probability_difference"] < 1e-5
    assert all(len(values["all"]) == 1 for values in result["seconds"].values())
    medians = {name: values["median"] for name, values in result["seconds"].items()}
    assert result["ratio_choosing"] == medians["shared, choosing"] / medians["two calls, choosing"]


def test_the_command_prints_ratios_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["chain_prefix.py", "--size", "tiny", "--repeats", "1", "--json", str(path)])
    threads = torch.get_num_threads()
    try:
        chain_prefix.main()
    finally:
        torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    assert "shared over two calls" in printed
    assert "same answers: choosing yes, in words yes" in printed
    assert json.loads(path.read_text())["options"]["size"] == "tiny"
