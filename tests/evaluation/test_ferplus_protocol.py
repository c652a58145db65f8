from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from realtime_fer.datasets.ferplus import load_ferplus
from realtime_fer.errors import DatasetError, ModelNotFoundError
from realtime_fer.evaluation.ferplus_protocol import answered_above, classify_images, evaluate_ferplus, majority_report
from realtime_fer.labels import FERPLUS_LABELS
from tests.datasets.miniatures import save_ferplus_pictures

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def brightness_model(tmp_path: Path) -> Path:
    """Logit c is -|mean grey - 20 c|: a picture of grey level 20 c is of class c."""
    from onnx import TensorProto, helper

    centres = helper.make_tensor("centres", TensorProto.FLOAT, [1, 8], [20.0 * c for c in range(8)])
    nodes = [
        helper.make_node("ReduceMean", ["faces"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
        helper.make_node("Sub", ["column", "centres"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Neg", ["distance"], ["logits"]),
    ]
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", 1, "S", "S"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 8])],
        [centres, one],
    )
    path = tmp_path / "brightness.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def write_faces(path: Path, levels: list[int], winners: list[int]) -> Path:
    images = np.stack([np.full((48, 48), level, np.uint8) for level in levels])
    votes = np.zeros((len(winners), 10), np.uint8)
    votes[np.arange(len(winners)), winners] = 9
    np.savez(path, images=images, votes=votes)
    return path


def test_only_faces_with_a_majority_emotion_are_scored(brightness_model: Path, tmp_path: Path) -> None:
    # Classes 0, 1, 7 right, one 2 taken for 3; the last one is not a face.
    data = write_faces(tmp_path / "faces.npz", [0, 20, 140, 60, 100], [0, 1, 7, 2, 9])
    report = evaluate_ferplus(brightness_model, data)
    assert report.n == 4
    assert report.war == 0.75
    assert report.uar == pytest.approx(3 / 4)
    assert report.per_class["contempt"] == 1.0
    assert report.per_class["surprise"] == 0.0
    assert np.isnan(report.per_class["anger"])
    assert report.confusion[2, 3] == 1
    assert report.intervals == {}


def test_the_last_line_has_the_agreed_fields(brightness_model: Path, tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", [0, 20, 140], [0, 1, 7])
    line = evaluate_ferplus(brightness_model, data, bootstrap_draws=10).as_json()
    assert "\n" not in line
    fields = json.loads(line)
    assert (fields["n"], fields["war"], fields["uar"]) == (3, 1.0, 1.0)
    assert 0 <= fields["ece"] < 0.01
    assert list(fields["per_class"]) == list(FERPLUS_LABELS)
    assert fields["per_class"]["anger"] is None
    assert fields["precision"]["contempt"] == fields["f1"]["contempt"] == 1.0
    assert fields["precision"]["anger"] is fields["f1"]["anger"] is None
    assert fields["intervals"]["war"] == [1.0, 1.0]


def test_a_folder_is_taken_as_an_npz_file_is(brightness_model: Path, tmp_path: Path) -> None:
    faces = load_ferplus(write_faces(tmp_path / "faces.npz", [0, 20, 140], [0, 1, 7]))
    save_ferplus_pictures(tmp_path / "FER+", faces.images, faces.votes, "PrivateTest")
    lines = [evaluate_ferplus(brightness_model, data).as_json() for data in (tmp_path / "faces.npz", tmp_path / "FER+")]
    assert lines[0] == lines[1]


def test_a_limit_says_what_is_answered(brightness_model: Path, tmp_path: Path) -> None:
    # As above: classes 0, 1, 7 right, one wrong, and a face nobody saw an emotion in.
    data = write_faces(tmp_path / "faces.npz", [0, 20, 140, 60, 100], [0, 1, 7, 2, 9])
    low = evaluate_ferplus(brightness_model, data, unknown_below=0.0)
    assert low.answered == {"limit": 0.0, "share": 1.0, "accuracy": 0.75, "share_unclear": 1.0}
    assert evaluate_ferplus(brightness_model, data).answered is None
    high = json.loads(evaluate_ferplus(brightness_model, data, unknown_below=1.1).as_json())["answered"]
    assert high == {"limit": 1.1, "share": 0.0, "accuracy": None, "share_unclear": 0.0}


def test_answers_above_the_limit_are_counted_apart() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]])
    found = answered_above(0.7, probabilities, np.array([0, 0, 1]), np.array([[0.55, 0.45], [0.7, 0.3]]))
    assert found == {"limit": 0.7, "share": pytest.approx(2 / 3), "accuracy": 0.5, "share_unclear": 0.5}


def test_temperature_softens_without_changing_answers(brightness_model: Path) -> None:
    images = np.full((1, 48, 48), 45, np.uint8)
    sharp = classify_images(brightness_model, images, size_px=48, temperature=1.0)
    soft = classify_images(brightness_model, images, size_px=48, temperature=10.0)
    assert sharp.argmax() == soft.argmax() == 2
    assert soft.max() < sharp.max()
    assert soft.sum() == pytest.approx(1)
    assert np.log(soft[0, 2] / soft[0, 3]) == pytest.approx((15 - 5) / 10)


def test_faces_of_another_size_are_resized(brightness_model: Path) -> None:
    images = np.full((3, 96, 96), 80, np.uint8)
    probabilities = classify_images(brightness_model, images, size_px=48, temperature=1.0)
    assert probabilities.argmax(axis=1).tolist() == [4, 4, 4]


def test_a_change_is_applied_to_the_counted_faces(brightness_model: Path, tmp_path: Path) -> None:
    data = write_faces(tmp_path / "faces.npz", [0, 0], [3, 9])
    shapes: list[tuple[int, ...]] = []

    def lighten(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        shapes.append(images.shape)
        return images + np.uint8(60)

    assert evaluate_ferplus(brightness_model, data, change=lighten).war == 1.0
    assert shapes == [(1, 48, 48)]


def test_nothing_to_score_is_said(brightness_model: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none among 1"):
        evaluate_ferplus(brightness_model, write_faces(tmp_path / "faces.npz", [0], [8]))
    with pytest.raises(ModelNotFoundError, match="absent"):
        evaluate_ferplus(tmp_path / "absent.onnx", write_faces(tmp_path / "faces.npz", [0], [1]))


def test_report_of_perfect_answers() -> None:
    report = majority_report(np.eye(8), np.arange(8))
    assert (report.n, report.war, report.uar, report.ece) == (8, 1.0, 1.0, 0.0)
    assert report.support == dict.fromkeys(FERPLUS_LABELS, 1)
