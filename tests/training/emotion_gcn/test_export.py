from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.expression.onnx_classifier import OnnxClassifier  # noqa: E402
from realtime_fer.labels import AFFECTNET_LABELS, AFFWILD2_LABELS, FERPLUS_LABELS  # noqa: E402
from realtime_fer.networks.emotion_gcn import model  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import BackboneName, Kind  # noqa: E402
from realtime_fer.networks.emotion_gcn.preprocessing import network_input  # noqa: E402
from realtime_fer.training.emotion_gcn import export, onnx_graph  # noqa: E402
from realtime_fer.zoo.manifest import ExpressionManifest, read_manifest  # noqa: E402
from tests.networks.emotion_gcn.tiny import NETWORKS, save_checkpoint, trained_looking, word_embeddings  # noqa: E402

pytestmark = pytest.mark.torch


def weights_of(folder: Path, backbone: BackboneName, kind: Kind) -> Path:
    """A checkpoint and the embeddings beside it."""
    torch.save(word_embeddings(), folder / "emb.pkl")
    return save_checkpoint(folder / "w.pth", trained_looking(backbone, kind))


def manifest_of(folder: Path) -> ExpressionManifest:
    manifest = read_manifest(folder)
    assert isinstance(manifest, ExpressionManifest)
    return manifest


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
def test_the_exported_classifier_answers_as_torch_does(tmp_path: Path, backbone: BackboneName, kind: Kind) -> None:
    file = export.export_emotion_gcn(weights_of(tmp_path, backbone, kind), tmp_path / "out", size_px=32, margin=0.1)
    manifest = manifest_of(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{kind}-{backbone}.onnx", "manifest.json"}
    assert manifest.crop.model_dump() == {"size_px": 32, "colour": "rgb", "margin": 0.1}
    assert manifest.labels == AFFECTNET_LABELS
    assert manifest.system == "emotion-gcn"
    classifier = OnnxClassifier(file, labels=manifest.labels, size_px=32, margin=0.1, grey=False)
    faces = list(np.random.default_rng(2).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8))
    estimate = classifier.classify(faces)
    with torch.inference_mode():
        expected = trained_looking(backbone, kind)(torch.from_numpy(np.stack([network_input(face, 32) for face in faces])))
    np.testing.assert_allclose(estimate.probabilities, expected.logits.softmax(dim=1).numpy(), atol=1e-5)
    np.testing.assert_allclose(estimate.probabilities.sum(axis=1), 1, atol=1e-5)
    if kind == "single-task":
        assert estimate.valence_arousal is None
        assert manifest.valence_arousal is None
    else:
        assert estimate.valence_arousal is not None
        np.testing.assert_allclose(estimate.valence_arousal, expected.valence_arousal.clamp(-1, 1).numpy(), atol=1e-5)
        assert (np.abs(estimate.valence_arousal) < 1).any()
        assert manifest.valence_arousal == "predicted"


def test_another_data_set_has_another_order_and_size(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "densenet121", "multi-task")
    export.export_emotion_gcn(weights, tmp_path / "wild", dataset="affwild2", licence="GPL-3.0-only", version="2.0")
    wild = manifest_of(tmp_path / "wild")
    assert (wild.labels, wild.crop.size_px, wild.licence, wild.version) == (AFFWILD2_LABELS, 32, "GPL-3.0-only", "2.0")
    export.export_emotion_gcn(weights, tmp_path / "net")
    assert manifest_of(tmp_path / "net").crop.size_px == 64
    with pytest.raises(ModelShapeError, match=r"trained at \(64, 32\) px, asked for 224"):
        export.export_emotion_gcn(weights, tmp_path / "other", size_px=224)


def own_weights(folder: Path, kind: Kind, **changes: Any) -> Path:
    """A checkpoint as our own training writes it: eight labels, 24 pixels."""
    torch.manual_seed(2)
    words = torch.randn(10, 300) if kind == "emotion-gcn" else None
    network = model.build_network("bregnext50", kind, word_embeddings=words, expressions=8)
    rng = torch.Generator().manual_seed(4)
    labels = torch.randint(0, 8, (60,), generator=rng)
    logits = 8 * torch.nn.functional.one_hot(
        labels.roll(1) * (torch.arange(60) % 3 == 0) + labels * (torch.arange(60) % 3 > 0), 8
    )
    contents = {"recipe": {"dataset": "ferplus"}, "labels": list(FERPLUS_LABELS), "size_px": 24, "faces": 77, "epoch": 3}
    contents |= {"model_state_dict": network.state_dict(), "optimizer_state_dict": {}, "word_embeddings": words}
    contents |= {"held_out_logits": logits.float(), "held_out_labels": labels}
    torch.save({**contents, **changes}, folder / "last.pt")
    return folder / "last.pt"


@pytest.mark.parametrize("kind", ["emotion-gcn", "single-task"])
def test_a_checkpoint_of_our_own_says_everything_itself(tmp_path: Path, kind: Kind) -> None:
    export.export_emotion_gcn(own_weights(tmp_path, kind), tmp_path / "m")
    manifest = manifest_of(tmp_path / "m")
    assert (manifest.labels, manifest.crop.size_px, manifest.trained_on) == (FERPLUS_LABELS, 24, "77 faces of ferplus")
    # A third of logits this sure are wrong.
    assert manifest.temperature > 2
    assert "realtime-fer train" in manifest.licence_note


def test_a_checkpoint_of_our_own_asked_for_something_else(tmp_path: Path) -> None:
    weights = own_weights(tmp_path, "single-task")
    with pytest.raises(ModelCorruptError, match=r"trained on ferplus with the labels neutral, .*asked for affectnet"):
        export.export_emotion_gcn(weights, tmp_path / "m", dataset="affectnet")
    with pytest.raises(ModelShapeError, match=r"trained at \(24,\) px, asked for 32"):
        export.export_emotion_gcn(weights, tmp_path / "m", size_px=32)


def test_a_graph_needs_the_words_it_was_trained_with(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "bregnext50", "emotion-gcn")
    (tmp_path / "emb.pkl").rename(tmp_path / "elsewhere.pkl")
    with pytest.raises(ModelNotFoundError, match=r"give --embeddings, or put one of emb\.pkl"):
        export.export_emotion_gcn(weights, tmp_path / "out")
    assert export.export_emotion_gcn(weights, tmp_path / "out", embeddings=tmp_path / "elsewhere.pkl").is_file()


def test_a_file_of_another_network_is_named(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "bregnext50", "single-task")
    with pytest.raises(ModelCorruptError, match="expected the backbone densenet121, found the tensors of bregnext50"):
        export.export_emotion_gcn(weights, tmp_path / "out", backbone="densenet121")
    with pytest.raises(ModelCorruptError, match="expected a multi-task network, found the tensors of bregnext50 single-task"):
        export.export_emotion_gcn(weights, tmp_path / "out", task="multi")
    assert export.export_emotion_gcn(weights, tmp_path / "out", backbone="bregnext50", task="single").is_file()


def test_a_wrong_export_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = onnx_graph._heads

    def wrong(network: Any) -> Any:
        return [(name, weight, bias + 0.01) for name, weight, bias in right(network)]

    monkeypatch.setattr(onnx_graph, "_heads", wrong)
    with pytest.raises(ModelError, match="differs from torch"):
        export.export_emotion_gcn(weights_of(tmp_path, "bregnext50", "emotion-gcn"), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_manifest_says_what_is_not_known(tmp_path: Path) -> None:
    export.export_emotion_gcn(weights_of(tmp_path, "bregnext50", "emotion-gcn"), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["licence"] == "LicenseRef-unknown"
    assert "GPL-3.0" in manifest["licence_note"]
    assert manifest["temperature"] == 1.0
    assert manifest["abstention"] is None
