from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.evaluation.speed import milliseconds_per_face

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def test_median_and_tail_are_times_of_one_face(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    # One face alone fits: a batch would be refused.
    sides = [1, 1, 48, 48]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["faces"], ["logits"])],
        "relu",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, sides)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, sides)],
    )
    path = tmp_path / "relu.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    median, tail = milliseconds_per_face(path, size_px=48, runs=20)
    assert 0 < median <= tail
    with pytest.raises(ModelNotFoundError, match="absent"):
        milliseconds_per_face(tmp_path / "absent.onnx", size_px=48)
