"""Go on training a YOLOv8 detector from its exported ONNX file.

An export has no batch normalisation left: each convolution carries its normalisation inside. Training on from there
needs it back, and any normalisation that undoes itself will do: the statistics of each convolution are measured on
pictures, and scale and shift are set so that the layer answers exactly as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, ModelShapeError, missing_extra

try:
    import onnx
    import torch
    from onnx import numpy_helper
    from ultralytics.nn.modules import Conv
    from ultralytics.nn.tasks import DetectionModel
except ImportError as error:  # pragma: no cover - depends on the installation
    raise missing_extra("training a detector", "train", error) from error

ARCHITECTURE = "yolov8n.yaml"


def restore_yolov8n(onnx_file: Path, pictures: Iterable[npt.NDArray[np.float32]]) -> Any:
    """The one-class YOLOv8n of an export by `export_detector`, ready to be trained on.

    Args:
        onnx_file: an export that kept ultralytics' names for the weights.
        pictures: batches (N, 3, H, W) in [0, 1], as training shows them; what normalisation measures.

    Returns:
        An ultralytics `DetectionModel` in training mode. In evaluation mode it answers as the file does.

    Raises:
        ModelCorruptError: the file is no ONNX model.
        ModelShapeError: a weight is missing or has another shape.
    """
    try:
        initializers = onnx.load(str(onnx_file)).graph.initializer
    except Exception as error:  # protobuf and the file system raise whatever they like
        raise ModelCorruptError(f"{onnx_file}: not a readable ONNX model ({error})") from error
    stored = {entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy()) for entry in initializers}
    model = DetectionModel(ARCHITECTURE, nc=1, verbose=False)
    blocks = {name: module for name, module in model.named_modules() if isinstance(module, Conv)}
    plain = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Conv2d) and not n.endswith(".conv")]
    with torch.no_grad():
        for name, block in blocks.items():
            _fill(block.conv.weight, stored, f"{name}.conv.weight", onnx_file)
            _fill(block.bn.bias, stored, f"{name}.conv.bias", onnx_file)
            # Mean 0 and variance 1 with scale 1: the normalisation adds the bias and does nothing else.
            block.bn.weight.fill_(1)
            block.bn.running_mean.zero_()
            block.bn.running_var.fill_(1 - block.bn.eps)
        for name in plain:
            layer = model.get_submodule(name)
            _fill(layer.weight, stored, f"{name}.weight", onnx_file)
            _fill(layer.bias, stored, f"{name}.bias", onnx_file)
        _measure(model, blocks, pictures)
    return model.train()


def _fill(parameter: torch.Tensor, stored: dict[str, torch.Tensor], name: str, onnx_file: Path) -> None:
    value = stored.get(name)
    if value is None or value.shape != parameter.shape:
        found = "nothing" if value is None else f"shape {tuple(value.shape)}"
        raise ModelShapeError(
            f"{onnx_file}: expected {name} of shape {tuple(parameter.shape)}, found {found}; "
            "is this an export of `realtime-fer export detector`?"
        )
    parameter.copy_(value)


def _measure(model: Any, blocks: dict[str, Any], pictures: Iterable[npt.NDArray[np.float32]]) -> None:
    """Give each normalisation the statistics of what comes to it, and the scale and shift that undo them."""
    sums = {name: [torch.zeros(b.bn.num_features, dtype=torch.float64) for _ in range(2)] for name, b in blocks.items()}
    counts = dict.fromkeys(blocks, 0)

    def watch(name: str) -> Any:
        def note(_layer: Any, _inputs: Any, output: torch.Tensor) -> None:
            values = output.double()
            sums[name][0] += values.sum(dim=(0, 2, 3))
            sums[name][1] += values.square().sum(dim=(0, 2, 3))
            counts[name] += values.numel() // values.shape[1]

        return note

    hooks = [block.conv.register_forward_hook(watch(name)) for name, block in blocks.items()]
    model.eval()
    for batch in pictures:
        model(torch.from_numpy(batch))
    for hook in hooks:
        hook.remove()
    for name, block in blocks.items():
        if not counts[name]:
            continue
        mean = sums[name][0] / counts[name]
        variance = (sums[name][1] / counts[name] - mean.square()).clamp_min(0)
        norm = block.bn
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
        norm.bias.add_(norm.running_mean)
