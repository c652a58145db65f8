"""The ONNX form that both detectors ship in: `images` in, `output0` out, any batch, height and width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.training.exporting.onnx_version import IR_VERSION, OPSET

try:
    import onnx
    import torch
except ImportError as error:
    raise missing_extra("exporting a detector", "train", error) from error


def write_detector_onnx(model: Any, path: Path, *, stride_px: int, places: str, licence: str, licence_note: str) -> None:
    """Write a detector of YOLOv8's output layout, and check the file.

    Args:
        model: torch module in export form: (batch, 3, height, width) to (batch, 5, places).
        stride_px: the largest, which heights and widths are multiples of.
        places: name of the last axis of `output0`.
        licence, licence_note: of the weights, stated in the file.
    """
    torch.onnx.export(
        model,
        (torch.zeros(2, 3, 6 * stride_px, 10 * stride_px),),
        str(path),
        opset_version=OPSET,
        input_names=["images"],
        output_names=["output0"],
        dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: places}},
        do_constant_folding=True,
        # The older exporter needs nothing but torch and writes a graph of standard operators.
        dynamo=False,
    )
    graph = onnx.load(str(path))
    graph.ir_version = min(graph.ir_version, IR_VERSION)
    stated = {"licence": licence, "licence_note": licence_note, "head": "yolov8", "task": "face-detection"}
    onnx.helper.set_model_props(graph, stated)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
