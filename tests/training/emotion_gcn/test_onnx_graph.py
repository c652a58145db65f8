from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.inference.session import open_session  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import BackboneName, Kind  # noqa: E402
from realtime_fer.networks.emotion_gcn.preprocessing import network_input  # noqa: E402
from realtime_fer.training.emotion_gcn.onnx_graph import folded_graph  # noqa: E402
from tests.networks.emotion_gcn.tiny import NETWORKS, trained_looking  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
def test_bytes_in_give_what_torch_gives_on_normalised_faces(tmp_path: Path, backbone: BackboneName, kind: Kind) -> None:
    network = trained_looking(backbone, kind)
    onnx.save(folded_graph(network, 64), str(tmp_path / "m.onnx"))
    faces = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    session = open_session(tmp_path / "m.onnx")
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"faces": faces.transpose(0, 3, 1, 2).astype(np.float32)}), strict=True))
    with torch.inference_mode():
        expected = network(torch.from_numpy(np.stack([network_input(face, 64) for face in faces])))
    np.testing.assert_allclose(found["logits"], expected.logits.numpy(), rtol=1e-4, atol=1e-4)
    assert ("valence_arousal" in found) == (kind != "single-task")
    if kind != "single-task":
        np.testing.assert_allclose(found["valence_arousal"], expected.valence_arousal.numpy(), rtol=1e-4, atol=1e-4)


def test_of_the_graph_one_matrix_for_each_task_is_left() -> None:
    graph = folded_graph(trained_looking("densenet121", "emotion-gcn"), 64).graph
    operators = Counter(node.op_type for node in graph.node)
    assert operators["Gemm"] == 2
    assert not {"MatMul", "LeakyRelu", "Transpose"} & operators.keys()
    # Of 5 dense layers, the norm before each is left, and one for each of 3 transitions and the end.
    assert operators["BatchNormalization"] == 5 + 3 + 1
    assert not any(tuple(value.dims) == (9, 300) for value in graph.initializer)
