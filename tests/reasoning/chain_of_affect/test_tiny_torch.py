from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from realtime_fer.errors import ModelCorruptError
from realtime_fer.reasoning.chain_of_affect import tiny_onnx, tiny_torch
from realtime_fer.reasoning.chain_of_affect.tiny_torch import load_network
from tests.reasoning.chain_of_affect.test_tiny_onnx import face
from tests.reasoning.questions import request

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("in_words", [False, True])
def test_both_forms_of_the_shipped_model_answer_the_same(in_words: bool) -> None:
    one, other = tiny_torch.build(threads=1, in_words=in_words), tiny_onnx.build(in_words=in_words)
    for seed in range(4):
        asked = request(crop=face(seed))
        expected, found = one.reason(asked), other.reason(asked)
        assert found.compound_label == expected.compound_label
        for step, same in zip(found.steps, expected.steps, strict=True):
            assert (step.question, step.label) == (same.question, same.label)
            shares = [list((s.distribution or {}).values()) for s in (step, same)]
            np.testing.assert_allclose(shares[0], shares[1], atol=0.01)


def test_a_folder_without_the_torch_form(tmp_path: Path) -> None:
    with pytest.raises(ModelCorruptError, match="transformers form"):
        load_network(tmp_path)
