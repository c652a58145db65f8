"""MediaPipe's face detection: `short|full usual|open PICTURES`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import cv2

from benchmarks.peer_workers.measuring import ImageBgr, find_faces_on, stay_on_one_core, take_over_stdout, write_versions

MODELS = {"short": 0, "full": 1}
"""Faces within 2 m of the camera, and within 5 m, says its documentation."""

USUAL_CONFIDENCE = 0.5
"""Its default."""
OPEN_CONFIDENCE = 0.05


def main(which: str, mode: str, pictures: str) -> None:
    """Find the faces."""
    stay_on_one_core()
    results = take_over_stdout()
    # By name, since type checkers of our environment do not know it.
    mediapipe = importlib.import_module("mediapipe")
    detector = mediapipe.solutions.face_detection.FaceDetection(
        model_selection=MODELS[which], min_detection_confidence=OPEN_CONFIDENCE if mode == "open" else USUAL_CONFIDENCE
    )

    def detect(image_bgr: ImageBgr) -> list[list[float]]:
        height, width = image_bgr.shape[:2]
        found = detector.process(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)).detections or []
        faces = []
        for face in found:
            box = face.location_data.relative_bounding_box
            x0, y0 = max(0.0, box.xmin * width), max(0.0, box.ymin * height)
            x1, y1 = min(float(width), (box.xmin + box.width) * width), min(float(height), (box.ymin + box.height) * height)
            if x1 > x0 and y1 > y0:
                faces.append([x0, y0, x1, y1, face.score[0]])
        return faces

    write_versions(results, ("mediapipe",), confidence=USUAL_CONFIDENCE)
    find_faces_on(Path(pictures), detect, results)


if __name__ == "__main__":
    main(*sys.argv[1:4])
