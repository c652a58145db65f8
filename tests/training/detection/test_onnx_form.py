from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
onnx = pytest.importorskip("onnx", reason="needs the train extra")

from realtime_fer.inference.session import open_session  # noqa: E402
from realtime_fer.training.detection.onnx_form import write_detector_onnx  # noqa: E402

# torch warns about its own future while tracing.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def test_any_batch_and_size_and_what_is_stated(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 8, stride=8), torch.nn.Flatten(2)).eval()
    path = tmp_path / "tiny.onnx"
    write_detector_onnx(model, path, stride_px=8, places="cells", licence="MIT", licence_note="ours")
    session = open_session(path)
    for batch, height, width in ((1, 8, 8), (3, 24, 40)):
        images = np.random.default_rng(0).random((batch, 3, height, width), np.float32)
        (output,) = session.run(["output0"], {"images": images})
        assert output == pytest.approx(model(torch.from_numpy(images)).detach().numpy(), abs=1e-5)
    graph = onnx.load(str(path))
    assert graph.ir_version <= 8
    assert [axis.dim_param for axis in graph.graph.output[0].type.tensor_type.shape.dim][2] == "cells"
    stated = {prop.key: prop.value for prop in graph.metadata_props}
    assert stated == {"licence": "MIT", "licence_note": "ours", "head": "yolov8", "task": "face-detection"}
