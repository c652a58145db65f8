"""The shipped detector and the tracker together, on real clips (only where the data folder is present)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
from realtime_fer.tracking.kalman_iou_tracker import KalmanIouTracker
from realtime_fer.types import FaceTrack, ImageBgr

ROOT = Path(__file__).parents[2]
CLIPS = Path(os.environ.get("REALTIME_FER_DATA", ROOT.parent / "shared" / "data")) / "clips"
MODEL = ROOT / "models" / "yolov8n-face"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no folder {CLIPS}; set REALTIME_FER_DATA"),
    pytest.mark.skipif(not (MODEL / "manifest.json").is_file(), reason=f"no exported detector in {MODEL}"),
]


def frames(name: str) -> Iterator[tuple[int, ImageBgr]]:
    """Media time in nanoseconds and picture, of a clip or of one picture shown 10 times."""
    path = CLIPS / name
    if path.suffix == ".jpg":
        image = cv2.imread(str(path))
        assert image is not None
        for index in range(10):
            yield index * 40_000_000, np.asarray(image, np.uint8)
        return
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while True:
        ok, image = capture.read()
        if not ok:
            break
        yield int(index * 1e9 / rate), np.asarray(image, np.uint8)
        index += 1
    capture.release()
    assert index


def follow_clip(name: str, detector_every: int = 1) -> list[list[FaceTrack]]:
    manifest = json.loads((MODEL / "manifest.json").read_text())
    tracker = KalmanIouTracker(birth_confidence=manifest["confidence_threshold"])
    # The tracker decides what is a face; the detector hands over the doubtful ones as well.
    detector = YoloV8FaceOnnx(MODEL / manifest["file"], long_side_px=manifest["long_side_px"], confidence_threshold=0.2)
    published = []
    for index, (time_ns, image) in enumerate(frames(name)):
        size = (image.shape[1], image.shape[0])
        if index % detector_every:
            published.append(tracker.predict(time_ns, *size))
        else:
            published.append(tracker.update(detector.detect(image), time_ns, *size))
    return published


def share_with_a_face(published: list[list[FaceTrack]]) -> float:
    return float(np.mean([bool(tracks) for tracks in published]))


def number_of_ids(published: list[list[FaceTrack]]) -> int:
    return len({track.track_id for tracks in published for track in tracks})


@pytest.mark.parametrize("detector_every", [1, 3])
def test_one_face_half_hidden_by_a_hand(detector_every: int) -> None:
    published = follow_clip("WolfgangLanger_Pexels.mp4", detector_every)
    assert len(published) == 472
    assert share_with_a_face(published) >= 0.95
    assert number_of_ids(published) <= 2


@pytest.mark.parametrize("name", ["no_face.mp4", "free-mountain-vector-01.jpg"])
def test_no_face(name: str) -> None:
    assert share_with_a_face(follow_clip(name)) <= 0.02


def test_five_friends() -> None:
    published = follow_clip("multi_face.jpg")
    assert len(published[-1]) == 5
    assert number_of_ids(published) == 5


def test_the_face_that_leaves_is_not_kept() -> None:
    published = follow_clip("face_noface.mov")
    assert share_with_a_face(published[:60]) >= 0.95
    assert share_with_a_face(published[100:]) <= 0.02
