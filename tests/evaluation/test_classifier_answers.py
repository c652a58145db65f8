from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelShapeError
from realtime_fer.evaluation import classifier_answers
from realtime_fer.evaluation.classifier_answers import classify_faces, default_margin
from realtime_fer.zoo.manifest import ExpressionManifest
from realtime_fer.zoo.shelf import ShelvedModel
from tests.evaluation.detector_folders import save_detector
from tests.evaluation.expression_folders import LABELS, STEP, grey_faces, save_brightness_model

LEVELS = [60, 0, 20, 40, 60]


@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_any_size_and_colour_in_the_order_of_the_rows(tmp_path: Path, colour: str) -> None:
    model = save_brightness_model(tmp_path / "m", colour=colour, size_px=20)
    answers = classify_faces(model, grey_faces(LEVELS, [0] * 5).read, [4, 1, 3])
    assert answers.probabilities.argmax(axis=1).tolist() == [3, 0, 2]
    assert answers.probabilities.shape == (3, len(LABELS))
    assert answers.probabilities.sum(axis=1) == pytest.approx([1, 1, 1])
    assert answers.affect is None


def test_the_model_s_temperature_is_used(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m")
    hot = type(model)(model.folder, model.manifest.model_copy(update={"temperature": 10.0}))
    read = grey_faces([25], [0]).read
    sharp, soft = (classify_faces(m, read, [0]).probabilities[0] for m in (model, hot))
    assert np.log(sharp[1] / sharp[2]) == pytest.approx(10, rel=1e-3)
    assert np.log(soft[1] / soft[2]) == pytest.approx(1, rel=1e-3)


def test_valence_and_arousal_are_not_cut_to_their_range(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m", affect=True)
    answers = classify_faces(model, grey_faces([100, 25], [0, 0]).read, [0, 1])
    assert answers.affect == pytest.approx(np.array([[2, -2], [0.5, -0.5]]))


def test_batches_make_no_difference_and_progress_counts_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = save_brightness_model(tmp_path / "m", affect=True), grey_faces(LEVELS, [0] * 5).read
    whole, told = classify_faces(model, read, range(5)), list[tuple[int, int]]()
    monkeypatch.setattr(classifier_answers, "BATCH_PIXELS", 2 * 16**2)
    parts = classify_faces(model, read, range(5), progress=lambda *done: told.append(done))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert parts.probabilities == pytest.approx(whole.probabilities, abs=1e-6)
    assert parts.affect == pytest.approx(whole.affect)


def test_a_margin_changes_what_the_model_sees(tmp_path: Path) -> None:
    model, picture = save_brightness_model(tmp_path / "m", colour="rgb"), np.zeros((40, 40, 3), np.uint8)
    picture[10:30, 10:30] = 3 * STEP
    assert classify_faces(model, lambda _: picture, [0], margin=-0.25).probabilities.argmax() == 3
    assert classify_faces(model, lambda _: picture, [0]).probabilities.argmax() == 1


def test_networks_with_a_motion_mask_are_cut_as_published(tmp_path: Path) -> None:
    model = save_brightness_model(tmp_path / "m")
    assert default_margin(model) == 0
    assert isinstance(model.manifest, ExpressionManifest)

    def masked(margin: float) -> ShelvedModel:
        crop = model.manifest.crop.model_copy(update={"margin": margin})  # type: ignore[union-attr]
        return ShelvedModel(model.folder, model.manifest.model_copy(update={"motion_mask": "predicted", "crop": crop}))

    assert default_margin(masked(-0.15)) == pytest.approx((299 / 320 - 1) / 2)
    assert default_margin(masked(0.0)) == 0, "a network that was shown whole pictures"


def test_a_detector_classifies_nothing(tmp_path: Path) -> None:
    from realtime_fer.zoo.shelf import find_model

    model = find_model(str(save_detector(tmp_path / "d")))
    with pytest.raises(ModelShapeError, match="expected an expression classifier, found a model for face-detection"):
        classify_faces(model, grey_faces([0], [0]).read, [0])
