"""MTCNN of facenet-pytorch: `usual|open PICTURES`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import cv2

from benchmarks.peer_workers.measuring import ImageBgr, find_faces_on, stay_on_one_core, take_over_stdout, write_versions

USUAL_THRESHOLDS = (0.6, 0.7, 0.7)
"""Of its three networks, its defaults; so is the smallest face it looks for, 20 px."""
OPEN_THRESHOLDS = (0.6, 0.6, 0.05)
"""The first two keep its work within bounds: they decide what the third gets to see."""


def main(mode: str, pictures: str) -> None:
    """Find the faces."""
    stay_on_one_core()
    results = take_over_stdout()
    # By name, since type checkers of our environment do not know them.
    torch, facenet_pytorch = importlib.import_module("torch"), importlib.import_module("facenet_pytorch")
    torch.set_num_threads(1)
    thresholds = OPEN_THRESHOLDS if mode == "open" else USUAL_THRESHOLDS
    detector = facenet_pytorch.MTCNN(keep_all=True, device="cpu", thresholds=list(thresholds))

    def detect(image_bgr: ImageBgr) -> list[list[float]]:
        height, width = image_bgr.shape[:2]
        boxes, confidences = detector.detect(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB))
        faces = []
        for (x0, y0, x1, y1), confidence in zip(() if boxes is None else boxes, confidences, strict=False):
            left, top, right, bottom = max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1)
            if right > left and bottom > top:
                faces.append([left, top, right, bottom, confidence])
        return faces

    write_versions(results, ("facenet-pytorch", "torch"), confidence=USUAL_THRESHOLDS[-1])
    find_faces_on(Path(pictures), detect, results)


if __name__ == "__main__":
    main(*sys.argv[1:3])
