"""The language model as an ONNX graph: ids around a face's vectors in, logits of the next word out.

Written by hand, operator by operator, so that the export hangs on no tracer; its output is compared with transformers' Llama.
Source of the layer: Touvron et al., "LLaMA", arXiv 2302.13971; rotary positions: Su et al., arXiv 2104.09864.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from realtime_fer.errors import missing_extra

try:
    import onnx
except ImportError as error:
    raise missing_extra("exporting chain-of-affect-tiny", "train", error) from error

from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny
from realtime_fer.training.chain_of_affect_tiny.graph import Graph

FORBIDDEN: Final = -1e9
"""Added to the score of a later token; its share is then exactly 0."""


def language_graph(model: ChainOfAffectTiny, properties: Mapping[str, str]) -> onnx.ModelProto:
    """Inputs `before_ids` (N, A), `vectors` (N, V, H), `after_ids` (N, B); output `logits` (N, W) of the next word."""
    graph, llama, config = Graph(), model.language.model, model.config
    words = graph.constant("words", llama.embed_tokens.weight.detach().numpy())
    before, after = (graph.add("Gather", words, ids) for ids in ("before_ids", "after_ids"))
    x = graph.add("Concat", before, "vectors", after, axis=1)
    # The length of the text, and from it positions, angles and who may look at whom.
    length = graph.add("Gather", graph.add("Shape", x), np.array(1), axis=0)
    positions = graph.add("Range", np.array(0), length, np.array(1))
    rows = graph.add("Unsqueeze", positions, np.array([1]))
    later = graph.add("Less", rows, positions)
    mask = graph.add("Where", later, np.array(FORBIDDEN, np.float32), np.array(0, np.float32))
    frequencies = llama.rotary_emb.inv_freq.float().numpy()
    angles = graph.add("Mul", graph.add("Cast", rows, to=onnx.TensorProto.FLOAT), np.concatenate([frequencies] * 2))
    turn = (graph.add("Cos", angles), graph.add("Sin", angles))
    for layer in llama.layers:
        attended = _attend(graph, _norm(graph, x, layer.input_layernorm), layer.self_attn, turn=turn, mask=mask)
        x = graph.add("Add", x, attended)
        normed = _norm(graph, x, layer.post_attention_layernorm)
        gate = _linear(graph, normed, layer.mlp.gate_proj)
        gate = graph.add("Mul", gate, graph.add("Sigmoid", gate))
        x = graph.add(
            "Add", x, _linear(graph, graph.add("Mul", gate, _linear(graph, normed, layer.mlp.up_proj)), layer.mlp.down_proj)
        )
    last = graph.add("Gather", x, np.array(-1), axis=1)
    head = model.language.lm_head.weight.detach().T.numpy()
    graph.add("MatMul", _norm(graph, last, llama.norm), head, output="logits")
    places = 1 + model.tower.places
    return graph.model(
        "language",
        {
            "before_ids": (np.int64, ("N", "A")),
            "vectors": (np.float32, ("N", places, config.hidden_size)),
            "after_ids": (np.int64, ("N", "B")),
        },
        {"logits": ("N", config.vocab_size)},
        properties,
    )


def _attend(graph: Graph, x: str, attention: Any, *, turn: tuple[str, str], mask: str) -> str:
    size = attention.head_dim
    heads = attention.q_proj.out_features // size
    parted = np.array([0, 0, heads, size])

    def heads_of(projection: Any) -> str:
        return graph.add("Transpose", graph.add("Reshape", _linear(graph, x, projection), parted), perm=[0, 2, 1, 3])

    query, key = (_turned(graph, heads_of(p), size, turn) for p in (attention.q_proj, attention.k_proj))
    query = graph.add("Mul", query, np.array(size**-0.5, np.float32))
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    shares = graph.add("Softmax", graph.add("Add", scores, mask), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, heads_of(attention.v_proj)), perm=[0, 2, 1, 3])
    return _linear(graph, graph.add("Reshape", mixed, np.array([0, 0, heads * size])), attention.o_proj)


def _turned(graph: Graph, x: str, size: int, turn: tuple[str, str]) -> str:
    """Rotary positions: the two halves of a head are the two coordinates of its planes."""
    start, middle, end, axis = (np.array([value]) for value in (0, size // 2, size, -1))
    first, second = graph.add("Slice", x, start, middle, axis), graph.add("Slice", x, middle, end, axis)
    crossed = graph.add("Concat", graph.add("Neg", second), first, axis=-1)
    return graph.add("Add", graph.add("Mul", x, turn[0]), graph.add("Mul", crossed, turn[1]))


def _norm(graph: Graph, x: str, norm: Any) -> str:
    """RMS norm: x / sqrt(mean(x^2) + eps) * weight."""
    mean = graph.add("ReduceMean", graph.add("Mul", x, x), axes=[-1], keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, np.array(norm.variance_epsilon, np.float32)))
    return graph.add("Mul", graph.add("Div", x, root), norm.weight.detach().numpy())


def _linear(graph: Graph, x: str, layer: Any) -> str:
    return graph.add("MatMul", x, layer.weight.detach().T.numpy())
