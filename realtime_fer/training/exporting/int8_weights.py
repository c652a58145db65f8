"""Weights and activations in 8-bit integers: post-training quantisation of an exported network.

Weights are int8, one scale a channel; activations uint8, their range taken from calibration inputs (Jacob et al., CVPR 2018);
written as QDQ nodes, which ONNX Runtime fuses into integer operators.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, missing_extra

try:
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as error:
    raise missing_extra("writing int8 weights", "train", error) from error

QUANTISED_OPERATORS = ("Conv", "Gemm", "Relu", "Sigmoid", "Mul", "Add", "Concat", "MaxPool")
"""Resize is not among them: ONNX Runtime's 8-bit one is slower than its float one."""

FloatArray = npt.NDArray[np.float32]


def write_int8(source: Path, out: Path, inputs: Sequence[FloatArray]) -> None:
    """Quantise `source` and write it to `out`.

    Args:
        source: ONNX file of a network with one input, float32.
        out: the file to write.
        inputs: what the network sees in use, each as one batch; ranges of activations are their extremes.

    Raises:
        ModelCorruptError: the network has no convolution to quantise.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        # Folds the casts of half-stored weights, and norms into convolutions.
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(str(prepared)).graph
        nodes = quantised_nodes(graph)
        if not nodes:
            raise ModelCorruptError(f"{source}: expected a convolutional network, found no two convolutions to quantise")
        # Its remarks on every node are for its authors.
        logging.getLogger().addFilter(_no_quantiser_remarks)
        try:
            quantize_static(
                str(prepared),
                str(out),
                _Inputs(graph.input[0].name, inputs),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
                nodes_to_quantize=nodes,
                op_types_to_quantize=list(QUANTISED_OPERATORS),
            )
        finally:
            logging.getLogger().removeFilter(_no_quantiser_remarks)


def quantised_nodes(graph: Any) -> list[str]:
    """Names of the nodes to quantise: what lies between the first convolution and the last layers' outputs.

    The first convolution sees the picture itself, whose fine steps 8 bits would coarsen for little gain; what follows the
    last convolutions (decoding of boxes, softmax) turns small numbers into large ones.

    Args:
        graph: an ONNX graph, its nodes in topological order, as ONNX asks.
    """
    after_convolution: set[str] = set()
    after_softmax: set[str] = set()
    candidates = []
    for node in graph.node:
        behind_softmax = node.op_type == "Softmax" or not after_softmax.isdisjoint(node.input)
        if behind_softmax:
            after_softmax.update(node.output)
        if not after_convolution.isdisjoint(node.input) and not behind_softmax:
            candidates.append(node)
        if node.op_type == "Conv" or not after_convolution.isdisjoint(node.input):
            after_convolution.update(node.output)
    needed: set[str] = set()
    chosen = []
    for node in reversed(candidates):
        weighs = node.op_type in ("Conv", "Gemm")
        # An activation right behind the last convolution is fused with it.
        if weighs or not needed.isdisjoint(node.output):
            needed.update(node.input)
            if node.op_type in QUANTISED_OPERATORS:
                chosen.append(node.name)
    return chosen[::-1]


class _Inputs(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, inputs: Sequence[FloatArray]) -> None:
        self._name = name
        self._left: Iterator[FloatArray] = iter(inputs)

    def get_next(self) -> dict[str, FloatArray] | None:
        batch = next(self._left, None)
        return None if batch is None else {self._name: batch}


def _no_quantiser_remarks(record: logging.LogRecord) -> bool:
    return "onnxruntime" not in record.pathname
