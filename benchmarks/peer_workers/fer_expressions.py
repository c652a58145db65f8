"""The network inside the `fer` package: `tflite|keras|package FACES`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.peer_workers.measuring import classify_faces, stay_on_one_core, take_over_stdout, write_versions

FERPLUS_IN_ITS_WORDS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", None)
"""It has no contempt."""
NETWORK_SIDE_PX = 64


def main(which: str, faces: str) -> None:
    """Classify them.

    tflite, keras: the network alone on the whole 48x48 picture, which is a face already, scaled as `fer` scales a face.
    package: what the package answers when told that the picture is one face; it cuts ten pixels more on each side, here of
    padding, and rounds to two decimals.
    """
    stay_on_one_core()
    results = take_over_stdout()
    # By name, since type checkers of our environment do not know it.
    fer = importlib.import_module("fer.fer").FER(use_tflite=which != "keras")
    # The one step without its rounding, which would make ties.
    network: Any = fer._classify_emotions
    names = [name for _, name in sorted(fer._get_labels().items())]

    def classify(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        if which == "package":
            side = image.shape[0]
            (face,) = fer.detect_emotions(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), face_rectangles=[(0, 0, side, side)])
            return np.asarray([face["emotions"][name] for name in names], np.float32)
        scaled = cv2.resize(image, (NETWORK_SIDE_PX, NETWORK_SIDE_PX)).astype(np.float32)
        batch = ((scaled / 255.0) - 0.5)[None] * 2.0
        answer = network(batch if which == "tflite" else batch[..., None])
        return np.asarray(answer[0], np.float32)

    write_versions(results, ("fer", "tensorflow-cpu"))
    classify_faces(
        Path(faces), classify, [None if name is None else names.index(name) for name in FERPLUS_IN_ITS_WORDS], results
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
