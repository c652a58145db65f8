from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import DatasetError, ModelShapeError
from realtime_fer.evaluation.labelled_protocol import evaluate_labelled, match_model
from realtime_fer.zoo.shelf import find_model
from tests.evaluation.detector_folders import save_detector
from tests.evaluation.expression_folders import LABELS, grey_faces, save_brightness_model


def test_a_report_says_what_was_run_on_what(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m")
    run = evaluate_labelled(model, grey_faces([0, 20, 40, 60], [0, 1, 2, 2]), about={"part": "test", "fold": 3})
    fields = json.loads(run.report.as_json())
    assert fields["protocol"] == "labelled"
    assert fields["model"] == {"name": "m", "version": "1.0", "precision": "fp32", "sha256": model.sha256}
    assert fields["dataset"] == {"name": "greys", "part": "test", "fold": 3, "faces": 4}
    assert fields["classes"] == list(LABELS)
    assert fields["left_out"] == {"faces": 0, "dataset_classes": [], "model_classes": []}
    assert fields["margin"] == 0
    assert (fields["n"], fields["war"], fields["per_class"]["happiness"]) == (4, 0.75, 0.5)
    assert fields["confusion"][2] == [0, 0, 1, 1]


def test_classes_are_matched_by_name(tmp_path: Path) -> None:
    """The model has its classes in another order and by other names."""
    model = save_brightness_model(tmp_path / "m", ("Sad", "Happy", "Angry", "Fearful"))
    report = evaluate_labelled(model, grey_faces([40, 60, 20, 0], [0, 1, 2, 3])).report
    assert report.war == 1
    assert report.classes == LABELS


def test_other_classes_are_refused_or_left_out(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m", ("anger", "fear", "neutral"))
    faces = grey_faces([0, 20, 40, 38, 0], [0, 1, 2, 1, 3])
    with pytest.raises(DatasetError, match="only in the model: neutral; only in the data: happiness, sadness"):
        evaluate_labelled(model, faces)
    run = evaluate_labelled(model, faces, common_classes=True)
    assert run.rows.tolist() == [0, 1, 3]
    assert run.labels.tolist() == [0, 1, 1]
    # Level 38 is neutral to the model, which is not on offer; fear is next to it.
    assert run.report.war == 1
    assert json.loads(run.report.as_json())["left_out"] == {
        "faces": 2,
        "dataset_classes": ["happiness", "sadness"],
        "model_classes": ["neutral"],
    }
    with pytest.raises(DatasetError, match="expected faces of anger, fear, found none among 1"):
        evaluate_labelled(model, grey_faces([0], [3]), common_classes=True)


def test_affect_is_scored_where_both_have_it(tmp_path: Path) -> None:
    faces = grey_faces([0, 25, 50, 10], [0] * 4, affect=[(0.0, 0.1), (0.5, -0.4), (1.0, -0.9), (None, None)])
    report = evaluate_labelled(save_brightness_model(tmp_path / "a", affect=True), faces).report
    assert report.affect["valence"]["n"] == 3
    assert report.affect["valence"]["ccc"] == pytest.approx(1)
    assert report.affect["valence"]["ccc_mixed_moments"] == pytest.approx(2 / 3)
    assert report.affect["arousal"]["rmse"] == pytest.approx(0.1)
    assert evaluate_labelled(save_brightness_model(tmp_path / "b"), faces).report.affect == {}
    unlabelled = grey_faces([0, 25], [0, 0])
    assert evaluate_labelled(save_brightness_model(tmp_path / "c", affect=True), unlabelled).report.affect == {}


def test_intervals_are_over_people_where_all_are_known(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m")
    levels, classes = [0] * 20 + [20] * 20, [0] * 40
    known = evaluate_labelled(model, grey_faces(levels, classes, people=["p"] * 20 + ["q"] * 20), bootstrap_draws=200).report
    assert list(known.intervals["war"]) == [0, 1]
    alone = evaluate_labelled(model, grey_faces(levels, classes), bootstrap_draws=200).report
    assert 0.2 < alone.intervals["war"][0] < 0.5 < alone.intervals["war"][1] < 0.8


def test_a_detector_is_no_classifier(tmp_path: Path) -> None:
    model = find_model(str(save_detector(tmp_path / "d")))
    with pytest.raises(ModelShapeError, match="expected an expression classifier"):
        match_model(model, grey_faces([0], [0]), common_classes=False)
