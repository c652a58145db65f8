"""Our classifiers, as the service builds them: `NAME FACES`."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.peer_workers.measuring import classify_faces, stay_on_one_core, take_over_stdout, write_versions


def main(name: str, faces: str) -> None:
    """Classify them."""
    stay_on_one_core()
    results = take_over_stdout()
    from realtime_fer.labels import FERPLUS_LABELS
    from realtime_fer.pipeline.assemble import build_classifier
    from realtime_fer.settings import ClassifierSettings

    classifier, model = build_classifier(ClassifierSettings.model_validate({"name": name, "threads": 1}))
    size = classifier.crop_size_px

    def classify(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        if image.shape[0] != size:
            how = cv2.INTER_AREA if image.shape[0] > size else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, (size, size), interpolation=how), np.uint8)
        if not classifier.crop_grey:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
        return np.asarray(classifier.classify([image]).probabilities[0], np.float32)

    write_versions(results, ("onnxruntime",), model_version=model.version, sha256=model.sha256, licence=model.licence)
    classify_faces(Path(faces), classify, [classifier.labels.index(label) for label in FERPLUS_LABELS], results)


if __name__ == "__main__":
    main(*sys.argv[1:3])
