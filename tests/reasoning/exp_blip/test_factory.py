from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.errors import ModelNotFoundError, SettingsError, ShapeError
from realtime_fer.reasoning.choose import choose_factory
from realtime_fer.reasoning.exp_blip.factory import build
from realtime_fer.reasoning.supervision.child_factory import build_reasoner
from tests.reasoning.exp_blip.scripted import converted_scripted
from tests.reasoning.questions import request

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted_scripted(tmp_path_factory.mktemp("exp_blip"))


def test_the_name_leads_here(folder: Path) -> None:
    options = {"checkpoint": str(folder), "device": "cpu", "dtype": "float32", "max_new_tokens": 3, "beams": 1}
    factory = choose_factory("exp-blip", None, options)
    assert factory is not None
    reasoner = build_reasoner(factory, options)
    assert reasoner.name == "exp-blip"
    assert reasoner.reason(request()).steps[0].label == "the lip corners are"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_types(folder: Path, dtype: str) -> None:
    reasoner = build(str(folder), device="cpu", dtype=dtype, max_new_tokens=20)
    assert reasoner.version.endswith(f", {dtype}")
    assert reasoner.reason(request()).steps[0].label.endswith("this indicates happiness.")


def test_a_vocabulary_elsewhere(folder: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    for name in ("vocab.json", "merges.txt"):
        (words / name).write_bytes((folder / name).read_bytes())
    assert build(str(folder), tokenizer=str(words), device="cpu", dtype="float32", max_new_tokens=20).name == "exp-blip"
    with pytest.raises(ModelNotFoundError, match=r"vocab\.json: no such file"):
        build(str(folder), tokenizer=str(tmp_path), device="cpu")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"kind": "all"}, SettingsError, "kind: expected one of au, emot, exp, found 'all'"),
        ({"beams": 0}, ShapeError, "num_beams of at least 1"),
        ({"dtype": "half"}, SettingsError, "dtype: expected one of"),
        ({"repetition_penalty": 0.0}, SettingsError, "repetition_penalty: expected a number above 0, found 0"),
        ({}, SettingsError, "max_new_tokens: expected at most 60, which is what the network's 64 positions leave .* found 200"),
        ({"prompt": "the brows", "max_new_tokens": 59}, SettingsError, "max_new_tokens: expected at most 51,"),
    ],
)
def test_options_that_cannot_be_used(folder: Path, options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        build(str(folder), device="cpu", **options)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="finish the conversion"):
        build(str(tmp_path), device="cpu")
