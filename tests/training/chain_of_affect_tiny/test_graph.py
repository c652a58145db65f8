from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx

from realtime_fer.inference.session import open_session
from realtime_fer.training.chain_of_affect_tiny.graph import Graph


def test_operators_on_values_and_constants(tmp_path) -> None:  # type: ignore[no-untyped-def]
    graph = Graph()
    last = graph.add("Gather", "x", np.array(-1), axis=1)
    graph.add("Mul", last, np.array([2.0, 3.0], np.float32), output="y")
    model = graph.model("g", {"x": (np.float32, ("N", "L", 2))}, {"y": ("N", 2)}, {"licence": "L"})
    assert {entry.key: entry.value for entry in model.metadata_props} == {"licence": "L"}
    onnx.save(model, str(tmp_path / "g.onnx"))
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    (y,) = open_session(tmp_path / "g.onnx").run(["y"], {"x": x})
    assert y.tolist() == (x[:, -1] * [2, 3]).tolist()
