"""Tiny ONNX graphs made on the spot, for tests of the loaders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save_linear_classifier(
    path: Path, *, classes: int = 8, size_px: int = 16, channels: int = 1, valence_arousal: bool = False, seed: int = 0
) -> np.ndarray:
    """A network that is one matrix over the flattened face; returns that matrix, shape (channels * size**2, classes)."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.01, (channels * size_px * size_px, classes)).astype(np.float32)
    nodes = [helper.make_node("Flatten", ["faces"], ["flat"], axis=1), helper.make_node("MatMul", ["flat", "w"], ["logits"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes])]
    initializers = [numpy_helper.from_array(weights, "w")]
    if valence_arousal:
        nodes.append(helper.make_node("MatMul", ["flat", "v"], ["valence_arousal"]))
        outputs.append(helper.make_tensor_value_info("valence_arousal", TensorProto.FLOAT, ["n", 2]))
        # Valence runs over 1 on any bright face, arousal stays small.
        affect = np.tile(np.array([1, -1e-6], np.float32), (channels * size_px * size_px, 1))
        initializers.append(numpy_helper.from_array(affect, "v"))
    faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", channels, size_px, size_px])
    graph = helper.make_graph(nodes, "tiny", [faces], outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return weights
