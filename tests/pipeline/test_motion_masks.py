from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.display.overlay import draw
from realtime_fer.errors import ModelNotFoundError
from realtime_fer.expression.face_crop import square_window
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.assemble import build_classifier
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.motion_masks import with_motion_masks
from realtime_fer.settings_layers import load_settings
from realtime_fer.types import FaceDetection, FaceTrack, TrackedExpression
from tests.expression.test_motion_mask_classifier import LABELS, SIZE_PX, save_with_mask
from tests.fakes import FakeDetector, FakeTracker, box, make_frame
from tests.zoo.test_manifest import EXPRESSION, write


@pytest.fixture
def fmpn_folder(tmp_path: Path) -> Path:
    save_with_mask(tmp_path / "m.onnx")
    content = (tmp_path / "m.onnx").read_bytes()
    crop = {"size_px": SIZE_PX, "colour": "rgb", "margin": 0.1}
    file = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    write(tmp_path, {**EXPRESSION, "labels": list(LABELS), "crop": crop, "motion_mask": "predicted", **file})
    return tmp_path


@pytest.mark.parametrize("file", ["", "m.onnx"])
def test_masks_go_from_the_chosen_weights_to_the_picture(fmpn_folder: Path, file: str) -> None:
    chosen = {"name": "fmpn", "weights": str(fmpn_folder / file)}
    classifier, _ = build_classifier(load_settings(flags={"classifier": chosen}).classifier)
    boxes = [FaceDetection(box(500, 500, 520, 520), 0.9), FaceDetection(box(5, 5, 20, 20), 0.9)]
    fast_path = FastPath(FakeDetector(lambda _: boxes), FakeTracker(), classifier, ProbabilitySmoother())
    frame = make_frame()
    frame.image_bgr[:] = (0, 0, 200)  # the tiny network's mask is the red plane
    result = fast_path.process(frame)
    outside, inside = result.faces
    assert outside.motion_mask is None
    mask = inside.motion_mask
    assert mask is not None
    np.testing.assert_allclose(mask.heat, 200 / 255, atol=1e-5)
    assert (mask.left, mask.top, mask.side) == square_window(inside.track.bbox_xyxy, 0.1)
    drawn = draw(result)
    middle = mask.top + mask.side // 2, mask.left + mask.side // 2
    assert not np.array_equal(drawn[middle], frame.image_bgr[middle])


def test_masks_skip_faces_that_were_not_classified() -> None:
    faces = [TrackedExpression(FaceTrack(i, box(10 * i, 0, 10 * i + 8, 8), 0.9, True, 1, 0), None) for i in (1, 2, 3)]
    masks = np.stack([np.full((4, 4), value, np.float32) for value in (0.25, 0.75)])
    first, second, third = with_motion_masks(faces, [True, False, True], masks, margin=0.0)
    assert second.motion_mask is None
    assert first.motion_mask is not None
    assert third.motion_mask is not None
    assert (first.motion_mask.heat.max(), third.motion_mask.heat.max()) == (0.25, 0.75)
    assert (third.motion_mask.left, third.motion_mask.side) == (30, 8)


def test_fmpn_needs_weights_and_says_how_to_get_them(tmp_path: Path) -> None:
    def build(**chosen: str) -> None:
        build_classifier(load_settings(flags={"classifier": {"name": "fmpn", **chosen}}).classifier)

    with pytest.raises(ModelNotFoundError, match=r"no weights of fmpn are shipped.*models show fmpn"):
        build()
    (tmp_path / "best.pth").touch()
    with pytest.raises(ModelNotFoundError, match=r"best\.pth: expected a model folder.*export fmpn"):
        build(weights=str(tmp_path / "best.pth"))
