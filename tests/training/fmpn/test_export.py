from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
onnx = pytest.importorskip("onnx", reason="needs the train extra")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelError, ModelShapeError  # noqa: E402
from realtime_fer.expression.motion_mask_classifier import MotionMaskClassifier  # noqa: E402
from realtime_fer.expression.onnx_classifier import OnnxClassifier  # noqa: E402
from realtime_fer.labels import CKPLUS_LABELS, FERPLUS_LABELS, MMI_LABELS  # noqa: E402
from realtime_fer.networks.fmpn.checkpoint import save_fmpn  # noqa: E402
from realtime_fer.networks.fmpn.compact_classifier import CompactClassifier  # noqa: E402
from realtime_fer.networks.fmpn.export_form import FmpnForExport  # noqa: E402
from realtime_fer.networks.fmpn.model import Fmpn  # noqa: E402
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator, Norm  # noqa: E402
from realtime_fer.networks.fmpn.prior_fusion import PriorFusion  # noqa: E402
from realtime_fer.training.exporting.calibration import fit_temperature  # noqa: E402
from realtime_fer.training.fmpn import export  # noqa: E402
from realtime_fer.training.fmpn.trained import Trained  # noqa: E402
from realtime_fer.zoo.manifest import ExpressionManifest, read_manifest  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX, shaken, tiny_fmpn  # noqa: E402

# torch warns about its own future while tracing.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_fmpn(tiny_fmpn(), folder, "200")
    return folder


@pytest.fixture(scope="module")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export.export_fmpn(weights, tmp_path_factory.mktemp("models") / "fmpn", size_px=SIZE_PX, version="2.1")


def crops(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (SIZE_PX, SIZE_PX, 3), dtype=np.uint8) for _ in range(count)]


def classifier(kind: type[Any], path: Path) -> Any:
    about = read_manifest(path.parent)
    assert isinstance(about, ExpressionManifest)
    return kind(path, labels=about.labels, size_px=about.crop.size_px, margin=about.crop.margin, temperature=about.temperature)


def test_the_manifest_describes_the_file(exported: Path) -> None:
    manifest = json.loads((exported.parent / "manifest.json").read_text())
    content = exported.read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert (manifest["name"], manifest["version"], manifest["file"]) == ("fmpn", "2.1", "fmpn.onnx")
    assert manifest["labels"] == list(CKPLUS_LABELS)
    assert manifest["system"] == "fmpn"
    assert manifest["crop"] == {"size_px": SIZE_PX, "colour": "rgb", "margin": pytest.approx((0.7 * 75 / 80 - 1) / 2, abs=1e-4)}
    assert (manifest["temperature"], manifest["motion_mask"]) == (1.0, "predicted")
    assert manifest["licence"] == "LicenseRef-unknown"
    assert sorted(path.name for path in exported.parent.iterdir()) == ["fmpn.onnx", "manifest.json"]


def test_the_live_classifier_answers_as_torch_does(exported: Path) -> None:
    faces = crops(3)
    found = classifier(MotionMaskClassifier, exported).classify(faces)
    with torch.no_grad():
        logits, mask = FmpnForExport(tiny_fmpn())(torch.from_numpy(np.stack(faces).transpose(0, 3, 1, 2)).float())
    assert found.probabilities == pytest.approx(logits.softmax(dim=1).numpy(), abs=1e-4)
    assert found.motion_masks == pytest.approx(mask[:, 0].numpy(), abs=1e-4)


def test_without_the_mask_it_is_a_classifier_like_any_other(weights: Path, exported: Path, tmp_path: Path) -> None:
    path = export.export_fmpn(weights / "200_net_cls.pth", tmp_path / "fmpn", size_px=SIZE_PX, with_mask=False, half=True)
    assert path.stat().st_size < 0.8 * exported.stat().st_size
    assert "motion_mask" not in json.loads((tmp_path / "fmpn" / "manifest.json").read_text())
    faces = crops(2)
    plain = classifier(OnnxClassifier, path).classify(faces).probabilities
    assert plain == pytest.approx(classifier(MotionMaskClassifier, exported).classify(faces).probabilities, abs=2e-2)
    with pytest.raises(ModelShapeError, match="expected logits and motion mask"):
        classifier(MotionMaskClassifier, path)


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_other_makes_are_exported_too(tmp_path: Path, norm: Norm) -> None:
    """Instance norm would use each picture's own statistics in ONNX; the comparison in the export would tell."""
    save_fmpn(tiny_fmpn(classes=6, norm=norm), tmp_path / "weights", "1")
    path = export.export_fmpn(tmp_path / "weights", tmp_path / "fmpn", size_px=SIZE_PX)
    operators = {node.op_type for node in onnx.load(str(path)).graph.node}
    assert "InstanceNormalization" not in operators
    assert json.loads((tmp_path / "fmpn" / "manifest.json").read_text())["labels"] == list(MMI_LABELS)


def test_our_own_checkpoints_bring_labels_margin_and_temperature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(40, 3)).astype(np.float32), rng.integers(0, 3, 40)
    labels = ("anger", "happiness", "neutral")
    held_out = torch.from_numpy(logits), torch.from_numpy(classes)
    monkeypatch.setattr(
        export, "load_trained", lambda *_, **__: Trained(tiny_fmpn(classes=3), SIZE_PX, labels, held_out, epochs=200)
    )
    monkeypatch.setattr(export, "_write_onnx", lambda _model, path, _size: path.write_bytes(b"x"))
    monkeypatch.setattr(export, "compare_with_torch", lambda *_: 0.0)
    export.export_fmpn(tmp_path / "last.pt", tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["labels"] == list(labels)
    assert manifest["temperature"] == pytest.approx(fit_temperature(logits, classes), abs=1e-4)
    assert manifest["crop"]["margin"] == pytest.approx((75 / 80 - 1) / 2, abs=1e-4)


@pytest.mark.parametrize(
    "labels", [["anger", "fear"], [*CKPLUS_LABELS[:-1], "boredom"], [*CKPLUS_LABELS[:-1], CKPLUS_LABELS[0]]]
)
def test_labels_must_fit(weights: Path, tmp_path: Path, labels: list[str]) -> None:
    with pytest.raises(ModelShapeError, match=f"labels: expected 7 different ones of .*found {', '.join(labels)}"):
        export.export_fmpn(weights, tmp_path / "out", size_px=SIZE_PX, labels=labels)
    assert not (tmp_path / "out").exists()


def test_another_answer_is_noticed_and_nothing_is_written(weights: Path, exported: Path, tmp_path: Path) -> None:
    other = tiny_fmpn()
    other.net_resface.res_top[0].weight.data.mul_(0.9)
    with pytest.raises(ModelError, match="differs from torch by"):
        export.compare_with_torch(FmpnForExport(other), exported, SIZE_PX)
    other = tiny_fmpn()
    other.net_cls.fc.bias.data[2] = float("nan")
    save_fmpn(other, tmp_path / "weights", "1")
    with pytest.raises(ModelError, match="differs from torch by nan in its logits"):
        export.export_fmpn(tmp_path / "weights", tmp_path / "out", size_px=SIZE_PX)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_crop_is_the_centre_of_the_face_picture() -> None:
    """Of a face of 320 pixels the network sees 299."""
    assert 320 * (1 + 2 * export.crop_margin(0.0, 299)) == pytest.approx(299)
    assert export.crop_margin(0.1, 299) == pytest.approx((1.2 * 299 / 320 - 1) / 2)


def test_the_number_of_classes_is_asked_of_the_network() -> None:
    assert export.classes_of(FmpnForExport(tiny_fmpn(classes=5)), SIZE_PX) == 5


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as the one-cycle schedule leaves it, with weights that differ from zero everywhere."""
    model = Fmpn(MotionMaskGenerator(48, channels=4, blocks=1), PriorFusion(), CompactClassifier(3))
    shaken(model)
    with torch.no_grad():
        # Small logits, so that the softmax shows every difference.
        model.net_cls.graph.weight.mul_(1e-3)
    path = tmp_path_factory.mktemp("compact") / "last.pt"
    recipe = {"stage": "classifier", "size_px": 48, "schedule": "one-cycle", "without_mask": False}
    contents = {"recipe": recipe, "labels": ["neutral", "anger", "fear"], "epoch": 1, "average": model.state_dict()}
    torch.save({**contents, "model": tiny_fmpn().state_dict(), "grey_faces": True}, path)
    return path


def test_a_compact_network_answers_on_the_grey_face_and_sees_it_whole(compact: Path, tmp_path: Path) -> None:
    path = export.export_fmpn(compact, tmp_path / "fmpn")
    manifest = read_manifest(path.parent)
    assert isinstance(manifest, ExpressionManifest)
    assert (manifest.crop.size_px, manifest.crop.margin, manifest.motion_mask) == (48, 0.0, "predicted")
    assert manifest.labels == ("neutral", "anger", "fear")
    runtime = classifier(MotionMaskClassifier, path)
    faces = [np.random.default_rng(5).integers(0, 256, (48, 48, 3), dtype=np.uint8) for _ in range(2)]
    form = FmpnForExport(tiny_fmpn())
    levels = form.grey(torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float())[:, 0].numpy()
    grey = [np.repeat(face[..., None], 3, axis=2).astype(np.uint8) for face in levels]
    coloured, uncoloured = runtime.classify(faces), runtime.classify(grey)
    assert coloured.motion_masks.shape == (2, 48, 48)
    assert np.abs(coloured.probabilities - uncoloured.probabilities).max() < 1e-5
    assert coloured.probabilities[0].std() > 0.01


def test_a_training_without_masks_has_none_to_export(compact: Path, tmp_path: Path) -> None:
    contents = torch.load(compact, weights_only=True)
    contents["recipe"]["without_mask"] = True
    contents["average"] = {name: v for name, v in contents["average"].items() if not name.startswith("net_resface.")}
    torch.save(contents, tmp_path / "last.pt")
    path = export.export_fmpn(tmp_path / "last.pt", tmp_path / "fmpn")
    assert "motion_mask" not in json.loads((path.parent / "manifest.json").read_text())
    assert [output.name for output in onnx.load(str(path)).graph.output] == ["logits"]


def test_published_labels_go_by_the_number_of_classes_and_are_names_that_messages_know() -> None:
    assert export.published_labels(7) == CKPLUS_LABELS
    assert export.published_labels(6) == MMI_LABELS
    assert set(CKPLUS_LABELS) == set(FERPLUS_LABELS) - {"neutral"}
    with pytest.raises(ModelShapeError, match="found 8; give --labels"):
        export.published_labels(8)
