"""What every worker does alike: one core, clean output, warm-up, the two clocks."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Given = TypeVar("Given")
Answer = TypeVar("Answer")
ImageBgr = npt.NDArray[np.uint8]
Boxes = Sequence[Sequence[float]]
"""One `(x0, y0, x1, y1, confidence)` a face, pixels."""

WARM_UP_CALLS = 3
"""First runs build graphs and grow buffers; what they take is not what a picture takes."""


def stay_on_one_core() -> None:
    """All threads this process will ever start share one core, whatever its libraries think of threads.

    To be called before they are imported: they count the cores when they start.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def take_over_stdout() -> TextIO:
    """A stream to where stdout leads; whatever the libraries print from now on goes to stderr."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return results


def write_versions(results: TextIO, packages: Sequence[str], **more: object) -> None:
    """The first line: Python, these packages, and what else stands in the report."""
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    versions |= {name: importlib.metadata.version(name) for name in packages}
    write_line(results, {"versions": versions, **more})


def write_line(results: TextIO, content: dict[str, Any]) -> None:
    """One result."""
    results.write(json.dumps(content) + "\n")
    results.flush()


def measured(call: Callable[[Given], Answer], given: Given) -> tuple[Answer, dict[str, float]]:
    """What `call` answers, and the milliseconds by the wall's clock and of the processor (all threads) it took."""
    wall_ns, cpu_s = time.perf_counter_ns(), time.process_time()
    answer = call(given)
    return answer, {"ms": (time.perf_counter_ns() - wall_ns) / 1e6, "cpu_ms": (time.process_time() - cpu_s) * 1e3}


def find_faces_on(pictures: Path, detect: Callable[[ImageBgr], Boxes], results: TextIO) -> None:
    """Run a detector over the pictures named in a file, one path a line; time from array to boxes, reading not included."""
    paths = pictures.read_text(encoding="utf-8").splitlines()
    for path in paths[:WARM_UP_CALLS]:
        detect(_read(path))
    for path in paths:
        boxes, taken = measured(detect, _read(path))
        write_line(results, {"path": path, "boxes": [[round(float(v), 5) for v in box] for box in boxes], **taken})


def classify_faces(
    faces: Path,
    classify: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    order: Sequence[int | None],
    results: TextIO,
) -> None:
    """Run a classifier over the faces of an .npy file, uint8 (N, 48, 48), one a call; time from array to probabilities.

    Args:
        order: where each of the eight FER+ classes stands among the answers; None where the classifier does not know it.
    """
    images: npt.NDArray[np.uint8] = np.load(faces)
    for image in images[:WARM_UP_CALLS]:
        classify(image)
    for row, image in enumerate(images):
        answer, taken = measured(classify, image)
        write_line(results, {"row": row, "probabilities": [0.0 if i is None else float(answer[i]) for i in order], **taken})


def _read(path: str) -> ImageBgr:
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path}: not a picture this OpenCV ({cv2.__version__}) reads")
    return np.asarray(image, np.uint8)
