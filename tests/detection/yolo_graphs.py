"""Tiny ONNX graphs that look like YOLOv8 exports from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dimension = int | str


def save_constant_head(
    path: Path,
    head: np.ndarray,
    *,
    input_shape: Sequence[Dimension] = ("batch", 3, "height", "width"),
    output_shape: Sequence[Dimension] | None = None,
    input_type: int = TensorProto.FLOAT,
    extra_input: bool = False,
    outputs: int = 1,
) -> Path:
    """An ONNX file that answers `head` to any picture (the picture's mean, times zero, is added)."""
    nodes = [
        helper.make_node("Cast", ["images"], ["as_float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["as_float"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        *(helper.make_node("Add", ["head", "nothing"], [f"output{i}"]) for i in range(outputs)),
    ]
    inputs = [helper.make_tensor_value_info("images", input_type, list(input_shape))]
    if extra_input:
        inputs.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    shape = list(output_shape) if output_shape is not None else [None] * head.ndim
    graph = helper.make_graph(
        nodes,
        "head",
        inputs,
        [helper.make_tensor_value_info(f"output{i}", TensorProto.FLOAT, shape) for i in range(outputs)],
        [numpy_helper.from_array(head.astype(np.float32), "head"), numpy_helper.from_array(np.array(0, np.float32), "zero")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def save_brightness_head(path: Path) -> Path:
    """An ONNX file of any input size whose one box is a function of the picture.

    The box is centred in the input and covers half of it each way; its confidence is the mean of the red plane.
    """
    pick = {"zero_idx": [0], "one_idx": [1], "two_idx": [2], "three_idx": [3], "four_idx": [4]}
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["shape_f"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["shape_f", "two_idx", "three_idx"], ["h"]),
        helper.make_node("Slice", ["shape_f", "three_idx", "four_idx"], ["w"]),
        helper.make_node("Mul", ["h", "half"], ["cy"]),
        helper.make_node("Mul", ["w", "half"], ["cx"]),
        helper.make_node("Slice", ["images", "zero_idx", "one_idx", "one_idx"], ["red"]),
        helper.make_node("ReduceMean", ["red"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "one_idx"], ["confidence"]),
        helper.make_node("Concat", ["cx", "cy", "cx", "cy", "confidence"], ["flat"], axis=0),
        helper.make_node("Reshape", ["flat", "head_shape"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 5, "anchors"])],
        [
            *(numpy_helper.from_array(np.array(value, np.int64), name) for name, value in pick.items()),
            numpy_helper.from_array(np.array([0.5], np.float32), "half"),
            numpy_helper.from_array(np.array([1, 5, 1], np.int64), "head_shape"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
