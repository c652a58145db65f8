"""The face tower and the projector as one ONNX graph, batch normalisation folded into the convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from realtime_fer.errors import missing_extra

try:
    import onnx
except ImportError as error:
    raise missing_extra("exporting chain-of-affect-tiny", "train", error) from error

from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny, FaceProjector
from realtime_fer.networks.compact_emotion_gcn import FACE_SIZE_PX, MIN_VARIANCE
from realtime_fer.training.chain_of_affect_tiny.graph import Graph
from realtime_fer.training.emotion_gcn_ferplus.export import fold_norm


def face_graph(model: ChainOfAffectTiny, properties: Mapping[str, str]) -> onnx.ModelProto:
    """Input `faces`, float32 (N, 1, 48, 48), grey 0..255; output `vectors`, float32 (N, V, H)."""
    graph, tower = Graph(), model.tower
    mean = graph.add("ReduceMean", "faces", axes=[2, 3], keepdims=1)
    centred = graph.add("Sub", "faces", mean)
    variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), axes=[2, 3], keepdims=1)
    deviation = graph.add("Sqrt", graph.add("Add", variance, np.array(MIN_VARIANCE, np.float32)))
    x = graph.add("Relu", _convolve(graph, graph.add("Div", centred, deviation), tower.stem, tower.stem_norm))
    for block in tower.blocks:
        passed = x if block.shortcut is None else _convolve(graph, x, block.shortcut[0], block.shortcut[1])
        inner = graph.add("Relu", _convolve(graph, x, block.conv1, block.norm1))
        outer = _convolve(graph, inner, block.conv2, block.norm2)
        x = graph.add("Relu", graph.add("Add", outer, passed))
    # The summary and the places, each as (N, ., C).
    summary = graph.add("ReduceMean", graph.add("Mul", x, tower.pooling.numpy() * tower.places), axes=[2, 3], keepdims=0)
    summary = graph.add("Unsqueeze", summary, np.array([1]))
    places = graph.add("Reshape", x, np.array([0, tower.channels, tower.places]))
    places = graph.add("Transpose", places, perm=[0, 2, 1])
    parts = [_project(graph, part, model.projector, kind) for kind, part in enumerate((summary, places))]
    vectors = graph.add("Concat", *parts, axis=1)
    graph.add("Add", vectors, model.projector.address.detach().numpy(), output="vectors")
    side, hidden = FACE_SIZE_PX, model.config.hidden_size
    return graph.model(
        "face",
        {"faces": (np.float32, ("N", 1, side, side))},
        {"vectors": ("N", 1 + tower.places, hidden)},
        properties,
    )


def _convolve(graph: Graph, x: str, convolution: Any, norm: Any) -> str:
    weight, bias = fold_norm(convolution, norm)
    pads = [int(pad) for pad in convolution.padding] * 2
    return graph.add("Conv", x, weight, bias, strides=list(convolution.stride), pads=pads)


def _project(graph: Graph, seen: str, projector: FaceProjector, kind: int) -> str:
    """Standardising and projecting are both linear: one matrix, one vector."""
    layer = (projector.summary, projector.place)[kind]
    weight = layer.weight.detach().double() / projector.spread[kind].double()
    bias = layer.bias.detach().double() - weight @ projector.mean[kind].double()
    product = graph.add("MatMul", seen, weight.T.float().numpy())
    return graph.add("Add", product, bias.float().numpy())
