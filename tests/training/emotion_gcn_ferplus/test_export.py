from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError  # noqa: E402
from realtime_fer.inference.session import open_session  # noqa: E402
from realtime_fer.labels import FERPLUS_LABELS  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import CompactEmotionGcn  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import export  # noqa: E402
from realtime_fer.training.exporting.calibration import choose_prior_strength, fit_temperature, prior_bias  # noqa: E402

SHARES = np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.04, 0.03, 0.03])

pytestmark = pytest.mark.torch


def trained_looking() -> CompactEmotionGcn:
    """Random weights and norms that are not the identity, so that a wrong fold shows."""
    torch.manual_seed(0)
    table = np.full((8, 8), 0.2) + 0.8 * np.eye(8)
    model = CompactEmotionGcn(table).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
        model.pooling.normal_(1 / 9, 0.05)
        model.bias.normal_()
    return model


def write_checkpoint(path: Path, model: CompactEmotionGcn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(50, 8)).astype(np.float32), rng.integers(-1, 8, 50)
    torch.save(
        {
            "recipe": {"backbone": "small"},
            "average": model.state_dict(),
            "cooccurrence": torch.eye(8, dtype=torch.float64),
            "held_out_logits": torch.from_numpy(logits),
            "held_out_labels": torch.from_numpy(labels),
            "class_shares": torch.from_numpy(SHARES),
        },
        path,
    )
    return logits[labels >= 0], labels[labels >= 0]


def test_the_export_answers_as_torch_does_and_its_manifest_is_true(tmp_path: Path) -> None:
    model = trained_looking()
    logits, labels = write_checkpoint(tmp_path / "last.pt", model)
    file = export.export_expression(tmp_path / "last.pt", tmp_path / "out", margin=0.1, prior_strength=None)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["emotion-gcn-ferplus.onnx", "manifest.json"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert manifest["size_bytes"] == file.stat().st_size < 6_000_000
    assert manifest["labels"] == list(FERPLUS_LABELS)
    assert manifest["crop"] == {"size_px": 48, "colour": "grey", "margin": 0.1}
    shift = prior_bias(SHARES, choose_prior_strength(logits, labels, SHARES))
    assert manifest["temperature"] == pytest.approx(fit_temperature(logits + shift, labels), abs=1e-4)
    faces = np.random.default_rng(1).integers(0, 256, (5, 1, 48, 48)).astype(np.float32)
    (found,) = open_session(file).run(["logits"], {"faces": faces})
    with torch.no_grad():
        assert found == pytest.approx(model(torch.from_numpy(faces)).numpy() + shift, abs=1e-3)


def test_nothing_of_graph_and_norms_is_left() -> None:
    graph = export.folded_graph(trained_looking())
    operators = [node.op_type for node in graph.graph.node]
    assert operators.count("Gemm") == 1
    assert "BatchNormalization" not in operators
    assert "MatMul" not in operators


def test_a_wrong_export_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path / "last.pt", trained_looking())
    right = export.fold_norm

    def wrong(convolution: Any, norm: Any) -> tuple[np.ndarray, np.ndarray]:
        weight, bias = right(convolution, norm)
        return weight, bias + np.float32(0.05)

    monkeypatch.setattr(export, "fold_norm", wrong)
    with pytest.raises(ModelError, match="differs from torch"):
        export.export_expression(tmp_path / "last.pt", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_folding_is_convolution_then_norm() -> None:
    torch.manual_seed(2)
    convolution, norm = torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3).eval()
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    weight, bias = export.fold_norm(convolution, norm)
    x = torch.rand(1, 2, 5, 5)
    with torch.no_grad():
        folded = torch.nn.functional.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias))
        assert torch.allclose(folded, norm(convolution(x)), atol=1e-5)


def test_unusable_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="absent"):
        export.load_trained(tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("no checkpoint")
    with pytest.raises(ModelCorruptError, match=r"text\.pt"):
        export.load_trained(tmp_path / "text.pt")
