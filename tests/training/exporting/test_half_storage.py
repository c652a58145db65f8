from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from realtime_fer.training.exporting.half_storage import store_half


def product(weight: np.ndarray) -> onnx.ModelProto:
    rows, columns = weight.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", columns])],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def test_half_the_bytes_and_the_rounded_weights_answers() -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((64, 64)).astype(np.float32)
    x = rng.standard_normal((3, 64)).astype(np.float32)
    model = product(weight)
    small = store_half(model)
    assert small.ByteSize() < 0.55 * model.ByteSize()
    np.testing.assert_allclose(run(small, x), x @ weight.astype(np.float16).astype(np.float32), rtol=1e-4, atol=1e-4)
    # The model handed in is left as it was.
    np.testing.assert_allclose(run(model, x), x @ weight, rtol=1e-4, atol=1e-4)


def test_what_is_small_or_too_large_for_float16_stays() -> None:
    few = product(np.full((8, 8), 0.1, np.float32))
    assert store_half(few).SerializeToString() == few.SerializeToString()
    huge = product(np.full((64, 64), 1e6, np.float32))
    np.testing.assert_array_equal(run(store_half(huge), np.ones((1, 64), np.float32)), np.full((1, 64), 6.4e7, np.float32))
