from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelNotFoundError, SettingsError
from realtime_fer.reasoning.choose import choose_factory
from realtime_fer.reasoning.expllm.factory import build
from realtime_fer.reasoning.supervision.child_factory import build_reasoner
from tests.reasoning.expllm.scripted import converted_scripted
from tests.reasoning.questions import request

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(converted_scripted(tmp_path_factory.mktemp("expllm")))


def test_the_name_leads_here(folder: str) -> None:
    options = {"checkpoint": folder, "device": "cpu", "dtype": "float32", "max_new_tokens": 2}
    factory = choose_factory("expllm", None, options)
    assert factory is not None
    reasoner = build_reasoner(factory, options)
    assert reasoner.name == "expllm"
    assert reasoner.reason(request()).steps[1].label == "**Key Observations:** The lip corners"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_version_tells_weights_and_type(folder: str, dtype: str) -> None:
    reasoner = build(folder, device="cpu", dtype=dtype)
    weights, name = reasoner.version.split(", ")
    assert (len(weights), name) == (12, dtype)
    assert reasoner.reason(request()).steps[0].label == "Happiness"


def test_seven_labels(folder: str) -> None:
    answer = build(folder, device="cpu", dtype="float32", contempt=False, max_new_tokens=1).reason(request())
    assert answer.steps[0].distribution is not None
    assert "Contempt" not in answer.steps[0].distribution
    assert len(answer.steps[0].distribution) == 7


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"order": "both"}, "expected label-first or description-first, found 'both'"),
        ({"max_new_tokens": 0}, "max_new_tokens: expected at least 1, found 0"),
        ({"label_tokens": 0}, "label_tokens: expected at least 1"),
        ({"max_new_tokens": 2000}, r"expected at most \d+ together, .* 2048 positions leave .*, found 2100"),
        ({"dtype": "int8"}, "dtype: expected one of bfloat16, float16, float32"),
    ],
)
def test_options_that_cannot_be_used(folder: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        build(folder, device="cpu", **options)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"expected a finished conversion, try: realtime-fer models convert expllm PUBLISHED"
    ):
        build(str(tmp_path / "none"), device="cpu")
