"""Store the large weights of an ONNX model in float16: half the file, the same arithmetic.

The weights are cast back to float32 by nodes without inputs, which ONNX Runtime folds once, when the model is loaded; a
run costs what it did. What is lost is the rounding of each weight to 11 bits.
"""

from __future__ import annotations

import numpy as np

from realtime_fer.errors import missing_extra

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise missing_extra("storing weights in float16", "train", error) from error

SMALLEST = 1024
"""Numbers from which a weight is worth storing small; biases stay as they are."""

FLOAT16_LARGEST = 65504.0


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model whose float32 weights of `SMALLEST` numbers and more are stored in float16.

    A weight that float16 cannot hold (larger than 65504) stays as it is.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    casts = []
    for entry in graph.initializer:
        values = numpy_helper.to_array(entry)
        if values.dtype != np.float32 or values.size < SMALLEST or np.abs(values).max() > FLOAT16_LARGEST:
            continue
        name = entry.name
        entry.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(result, full_check=True)
    return result
