"""Emotion-GCN folded to what depends on the face: convolutions, and one matrix for each task.

Graph, word embeddings and A become the matrix; the picture's normalisation and every batch normalisation that follows a
convolution go into that convolution. Norms before an activation stay: DenseNet normalises the same maps anew in every layer.
Transitions pool before they mix channels, which is the same and a quarter of the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra
from realtime_fer.networks.emotion_gcn.bregnext import BoundedResidual, BregNextFeatures
from realtime_fer.networks.emotion_gcn.densenet import DenseLayer, DenseNetFeatures, Transition
from realtime_fer.networks.emotion_gcn.graph_head import GraphClassifier
from realtime_fer.networks.emotion_gcn.label_graph import AFFECT
from realtime_fer.networks.emotion_gcn.model import (
    BregNextEmotionGcn,
    BregNextMultiTask,
    BregNextSingleTask,
    DenseNetEmotionGcn,
    DenseNetMultiTask,
    DenseNetSingleTask,
    EmotionNetwork,
)
from realtime_fer.networks.emotion_gcn.preprocessing import MEAN_RGB, STD_RGB
from realtime_fer.training.exporting.onnx_version import IR_VERSION, OPSET

try:
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise missing_extra("exporting Emotion-GCN", "train", error) from error

WHITE = 255.0

FloatArray = npt.NDArray[np.float64]


def folded_graph(network: EmotionNetwork, size_px: int) -> onnx.ModelProto:
    """The network as an ONNX model.

    Input `faces`: float32 (N, 3, S, S), RGB, 0..255. Outputs `logits`: float32 (N, E), and `valence_arousal`: float32 (N, 2),
    not bounded, unless the network is single-task.

    Args:
        network: in evaluation mode.
        size_px: S.
    """
    builder = _Builder()
    mean = builder.constant("mean", np.array(MEAN_RGB)[None, :, None, None] * WHITE)
    # A convolution's zero padding must stay zero, so the mean is taken off before; the deviation goes into its weights.
    x = builder.add("Sub", ["faces", mean], "centred")
    if isinstance(network, DenseNetEmotionGcn):
        pooled = builder.add("GlobalMaxPool", [_densenet(builder, x, network.features)], "pooled")
    elif isinstance(network, DenseNetMultiTask | DenseNetSingleTask):
        features = network.model_base if isinstance(network, DenseNetMultiTask) else network.features
        maps = builder.add("Relu", [_densenet(builder, x, features)], "norm5.relu")
        pooled = builder.add("GlobalAveragePool", [maps], "pooled")
    else:
        backbone = network.model if isinstance(network, BregNextEmotionGcn) else network
        pooled = builder.add("GlobalAveragePool", [_bregnext(builder, x, backbone)], "pooled")
    flat = builder.add("Flatten", [pooled], "features", axis=1)
    outputs = []
    for name, weight, bias in _heads(network):
        parameters = [builder.constant(f"{name}.weight", weight), builder.constant(f"{name}.bias", bias)]
        builder.add("Gemm", [flat, *parameters], name, transB=1)
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", len(bias)]))
    return builder.model(size_px, outputs)


def _heads(network: EmotionNetwork) -> list[tuple[str, FloatArray, FloatArray]]:
    """Name, weight (O, C) and bias (O,) of each output."""
    if isinstance(network, GraphClassifier):
        with torch.no_grad():
            classifiers = _array(network.classifiers())
        cuts = ("logits", classifiers[:-AFFECT]), ("valence_arousal", classifiers[-AFFECT:])
        return [(name, weight, np.zeros(len(weight))) for name, weight in cuts]
    if isinstance(network, DenseNetMultiTask):
        layers = {"logits": network.lin_cat, "valence_arousal": network.lin_cont}
    elif isinstance(network, BregNextMultiTask):
        layers = {"logits": network.fc_cat, "valence_arousal": network.fc_cont}
    elif isinstance(network, BregNextSingleTask):
        layers = {"logits": network._fc0}
    else:
        layers = {"logits": network.classifier}
    return [(name, _array(layer.weight), _array(layer.bias)) for name, layer in layers.items()]


def _densenet(builder: _Builder, x: str, features: DenseNetFeatures) -> str:
    x = builder.convolve(x, "conv0", features.conv0, norm=features.norm0, input_scale=_input_scale())
    x = builder.add("Relu", [x], "relu0")
    x = builder.add("MaxPool", [x], "pool0", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for name, child in features.named_children():
        if isinstance(child, Transition):
            x = builder.norm(x, f"{name}.norm", child.norm)
            x = builder.add("Relu", [x], f"{name}.relu")
            x = builder.add("AveragePool", [x], f"{name}.pool", kernel_shape=[2, 2], strides=[2, 2])
            x = builder.convolve(x, f"{name}.conv", child.conv)
        elif isinstance(child, torch.nn.Sequential):
            for layer_name, layer in child.named_children():
                x = _dense_layer(builder, x, f"{name}.{layer_name}", layer)
    return builder.norm(x, "norm5", features.norm5)


def _dense_layer(builder: _Builder, x: str, name: str, layer: DenseLayer) -> str:
    inner = builder.add("Relu", [builder.norm(x, f"{name}.norm1", layer.norm1)], f"{name}.relu1")
    inner = builder.convolve(inner, f"{name}.conv1", layer.conv1, norm=layer.norm2)
    inner = builder.add("Relu", [inner], f"{name}.relu2")
    return builder.add("Concat", [x, builder.convolve(inner, f"{name}.conv2", layer.conv2)], f"{name}.out", axis=1)


def _bregnext(builder: _Builder, x: str, backbone: BregNextFeatures) -> str:
    x = builder.convolve(x, "stem", backbone._conv0, input_scale=_input_scale())
    for number, layer in enumerate(backbone.residuals()):
        x = _bounded_residual(builder, x, f"layer{number}", layer)
    x = builder.norm(x, "last_norm", backbone._model[5])
    return builder.add("Elu", [x], "last_elu")


def _bounded_residual(builder: _Builder, x: str, name: str, layer: BoundedResidual) -> str:
    inner = builder.add("Elu", [builder.norm(x, f"{name}.norm0", layer._batchnorm_conv0)], f"{name}.elu0")
    inner = builder.convolve(inner, f"{name}.conv0", layer._conv0, norm=layer._batchnorm_conv1)
    inner = builder.convolve(builder.add("Elu", [inner], f"{name}.elu1"), f"{name}.conv1", layer._conv1)
    a, root = float(layer._shortcut._a.detach()), float(torch.sqrt(layer._shortcut._c.detach().double() ** 2 + 1))
    slope = builder.constant(f"{name}.slope", np.array(a / root))
    passed = builder.add("Atan", [builder.add("Mul", [x, slope], f"{name}.scaled")], f"{name}.bent")
    passed = builder.add("Mul", [passed, builder.constant(f"{name}.height", np.array(1 / (a * root)))], f"{name}.passed")
    if layer.stride > 1:
        sides = [layer.stride, layer.stride]
        passed = builder.add("AveragePool", [passed], f"{name}.pool", kernel_shape=sides, strides=sides)
    if layer.padded_channels:
        n = layer.padded_channels
        pads = builder.constant(f"{name}.pads", np.array([0, n, 0, 0, 0, n, 0, 0]), np.int64)
        passed = builder.add("Pad", [passed, pads], f"{name}.pad")
    return builder.add("Add", [inner, passed], f"{name}.out")


def _input_scale() -> FloatArray:
    return 1 / (np.array(STD_RGB) * WHITE)


def _array(tensor: torch.Tensor) -> FloatArray:
    return np.asarray(tensor.detach().double().numpy())


class _Builder:
    """Collects nodes and constants; every node's name is its output's."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}

    def constant(self, name: str, value: npt.NDArray[Any], dtype: type = np.float32) -> str:
        self._constants[name] = np.ascontiguousarray(value.astype(dtype))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def norm(self, x: str, name: str, norm: torch.nn.BatchNorm2d) -> str:
        parts = ("weight", "bias", "running_mean", "running_var")
        constants = [self.constant(f"{name}.{part}", _array(getattr(norm, part))) for part in parts]
        return self.add("BatchNormalization", [x, *constants], name, epsilon=float(norm.eps))

    def convolve(
        self,
        x: str,
        name: str,
        layer: torch.nn.Conv2d,
        *,
        norm: torch.nn.BatchNorm2d | None = None,
        input_scale: FloatArray | None = None,
    ) -> str:
        """The convolution, with the norm that follows it and a factor of each input channel folded in."""
        weight = _array(layer.weight)
        bias = np.zeros(len(weight)) if layer.bias is None else _array(layer.bias)
        if input_scale is not None:
            weight = weight * input_scale[None, :, None, None]
        if norm is not None:
            scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
            weight = weight * scale[:, None, None, None]
            bias = (bias - _array(norm.running_mean)) * scale + _array(norm.bias)
        inputs = [x, self.constant(f"{name}.weight", weight)]
        if bias.any():
            inputs.append(self.constant(f"{name}.bias", bias))
        return self.add("Conv", inputs, name, strides=list(layer.stride), pads=list(layer.padding) * 2)

    def model(self, size_px: int, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", 3, size_px, size_px])
        constants = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, "emotion-gcn", [faces], outputs, constants)
        result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(result, full_check=True)
        return result
