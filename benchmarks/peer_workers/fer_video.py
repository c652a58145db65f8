"""The `fer` package's way through a clip, every frame: `CLIP`. To be run in an empty folder: it leaves files there."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

import numpy as np

from benchmarks.peer_workers.measuring import take_over_stdout, write_line, write_versions


def main(clip: str) -> None:
    """From opening the clip to its table; the network is loaded before. No annotated pictures, no film, no zip."""
    results = take_over_stdout()
    # By name, since type checkers of our environment do not know it.
    video = importlib.import_module("fer.classes").Video(clip)
    detector = importlib.import_module("fer.fer").FER()
    cv2: Any = importlib.import_module("cv2")
    # Warm, as ours is: one face, wherever, through the network.
    detector.detect_emotions(np.zeros((100, 100, 3), np.uint8), face_rectangles=[(20, 20, 60, 60)])
    plain = detector.detect_emotions
    faces_on: list[int] = []

    def counted(*arguments: object, **named: object) -> object:
        found = plain(*arguments, **named)
        faces_on.append(len(found))
        return found

    # `analyze` leaves frames without a face out of its table, so they are counted here.
    detector.detect_emotions = counted
    # It looks for a key press after each frame, which needs a display even where it shows nothing.
    cv2.waitKey = lambda _delay=0: -1
    cv2.destroyAllWindows = lambda: None
    write_versions(results, ("fer", "tensorflow-cpu"))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    video.analyze(
        detector, display=False, output="pandas", save_frames=False, save_video=False, annotate_frames=False, zip_images=False
    )
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    seen = {"frames": len(faces_on), "frames_with_face": sum(n > 0 for n in faces_on), "faces": sum(faces_on)}
    write_line(results, {**seen, "wall_s": wall_s, "cpu_s": cpu_s})


if __name__ == "__main__":
    main(sys.argv[1])
