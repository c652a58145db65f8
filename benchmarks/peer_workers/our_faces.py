"""Our detectors and our `haar`, as the service builds them: `NAME[@LONG_SIDE] usual|open PICTURES`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peer_workers.measuring import ImageBgr, find_faces_on, stay_on_one_core, take_over_stdout, write_versions

OPEN_CONFIDENCE = 0.01
"""For the average precision: what is less sure than this comes after everything that could count."""


def main(detector_name: str, mode: str, pictures: str) -> None:
    """Find the faces."""
    stay_on_one_core()
    results = take_over_stdout()
    from realtime_fer.pipeline.assemble import build_detector
    from realtime_fer.settings import DetectorSettings

    name, _, side = detector_name.partition("@")
    settings = DetectorSettings.model_validate({"name": name, "long_side_px": int(side) if side else None, "threads": 1})
    # build_detector takes the smaller of this and the detector's own threshold.
    built = build_detector(settings, low_confidence=OPEN_CONFIDENCE if mode == "open" else 1.0)

    def detect(image_bgr: ImageBgr) -> list[list[float]]:
        return [[*map(float, face.bbox_xyxy), face.confidence] for face in built.detector.detect(image_bgr)]

    packages = ("opencv-python",) if name == "haar" else ("onnxruntime",)
    # The digest tells two builds of one version apart.
    model = {"model_version": built.model.version, "sha256": built.model.sha256, "licence": built.model.licence}
    packages = ("opencv-python",) if name == "haar" else ("onnxruntime",)
    write_versions(results, packages, confidence=built.confidence, **model)
    find_faces_on(Path(pictures), detect, results)


if __name__ == "__main__":
    main(*sys.argv[1:4])
