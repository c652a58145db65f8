from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError
from realtime_fer.inference.session import open_session
from realtime_fer.training.exporting.int8_weights import quantised_nodes, write_int8


def network(convolutions: int = 3) -> onnx.ModelProto:
    """Convolutions with ReLU, then what a detector's head does: softmax, a convolution over it, a large product."""
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for index in range(convolutions):
        weights.append(numpy_helper.from_array(rng.normal(0, 0.4, (4, 4, 3, 3)).astype(np.float32), f"w{index}"))
        nodes.append(helper.make_node("Conv", [last, f"w{index}"], [f"c{index}"], f"conv{index}", pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"], f"relu{index}"))
        last = f"r{index}"
    weights.append(numpy_helper.from_array(np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1), "bins"))
    weights.append(numpy_helper.from_array(np.array(32, np.float32), "stride"))
    nodes += [
        helper.make_node("Softmax", [last], ["s"], "softmax", axis=1),
        helper.make_node("Conv", ["s", "bins"], ["e"], "expectation"),
        helper.make_node("Mul", ["e", "stride"], ["y"], "to_pixels"),
    ]
    shape: list[str | int | None] = ["n", 4, 8, 8]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1, 8, 8])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_neither_the_first_convolution_nor_the_head() -> None:
    # The ReLU before the second convolution belongs to its input; the last one's output is the head's.
    assert quantised_nodes(network().graph) == ["relu0", "conv1", "relu1", "conv2"]


def test_what_is_written_answers_nearly_the_same(tmp_path: Path) -> None:
    onnx.save(network(), str(tmp_path / "fp32.onnx"))
    inputs = [np.random.default_rng(seed).normal(size=(2, 4, 8, 8)).astype(np.float32) for seed in range(8)]
    write_int8(tmp_path / "fp32.onnx", tmp_path / "int8.onnx", inputs)
    written = onnx.load(str(tmp_path / "int8.onnx")).graph
    assert Counter(node.op_type for node in written.node)["QuantizeLinear"] >= 2
    assert {t.name: t.data_type for t in written.initializer if t.name.startswith("w1_quant")} == {
        "w1_quantized": TensorProto.INT8
    }
    fresh = np.random.default_rng(99).normal(size=(2, 4, 8, 8)).astype(np.float32)
    right, found = (open_session(tmp_path / name).run(None, {"x": fresh})[0] for name in ("fp32.onnx", "int8.onnx"))
    assert np.abs(right - found).mean() < 2.0  # of a range of 96
    assert not np.array_equal(right, found)


def test_a_network_without_convolutions_is_refused(tmp_path: Path) -> None:
    onnx.save(network(0), str(tmp_path / "flat.onnx"))
    with pytest.raises(ModelCorruptError, match="no two convolutions"):
        write_int8(tmp_path / "flat.onnx", tmp_path / "int8.onnx", [np.zeros((1, 4, 8, 8), np.float32)])
    assert not (tmp_path / "int8.onnx").exists()
