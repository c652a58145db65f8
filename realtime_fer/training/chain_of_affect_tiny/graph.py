"""Write an ONNX graph operator by operator: names are made up, constants are kept once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise missing_extra("exporting chain-of-affect-tiny", "train", error) from error

OPSET: Final = 17
IR_VERSION: Final = 8
"""Read by ONNX Runtime 1.18, the oldest one supported."""

_TYPES: Final = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}

Value = Sequence["int | str"]
"""A shape; names stand for lengths that may change."""


class Graph:
    """Operators in the order they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, npt.NDArray[np.generic]] = {}

    def add(self, operator: str, *inputs: str | npt.NDArray[np.generic], output: str | None = None, **attributes: Any) -> str:
        """One operator on named values and constants -> the name of its output."""
        name = output or f"{operator}.{len(self.nodes)}"
        names = [
            value if isinstance(value, str) else self.constant(f"{name}.{place}", value) for place, value in enumerate(inputs)
        ]
        self.nodes.append(helper.make_node(operator, names, [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """A constant under a name of its own -> that name."""
        self._constants[name] = value
        return name

    def model(
        self,
        name: str,
        inputs: Mapping[str, tuple[type[np.generic], Value]],
        outputs: Mapping[str, Value],
        properties: Mapping[str, str],
    ) -> onnx.ModelProto:
        """The whole, checked; all outputs are float32."""
        values = [
            helper.make_tensor_value_info(key, _TYPES[np.dtype(kind)], list(shape)) for key, (kind, shape) in inputs.items()
        ]
        results = [helper.make_tensor_value_info(key, TensorProto.FLOAT, list(shape)) for key, shape in outputs.items()]
        constants = [numpy_helper.from_array(np.array(value, order="C"), key) for key, value in self._constants.items()]
        graph = helper.make_graph(self.nodes, name, values, results, constants)
        result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        helper.set_model_props(result, dict(properties))
        onnx.checker.check_model(result, full_check=True)
        return result
