"""Run a worker and read what it prints; whatever goes wrong becomes one line for the report."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peer_environments import PeerError, last_line
from realtime_fer.errors import ShapeError
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.types import FaceDetection

ROOT = Path(__file__).resolve().parents[1]

WORKER_TIMEOUT_S = 3600.0
"""The slowest peer needs minutes for everything; an hour means that it hangs."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
"""Asked of the libraries; the workers moreover put their whole process on one core."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one worker printed: its first line, and the others."""

    about: dict[str, Any]
    results: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FacesFound:
    """What a detector found on one picture, and the milliseconds it took (wall, and processor over all threads)."""

    faces: list[FaceDetection]
    ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class FacesClassified:
    """Probabilities, float64 (N, 8) in FER+ order, and the milliseconds each face took, float64 (N,)."""

    probabilities: npt.NDArray[np.float64]
    ms: npt.NDArray[np.float64]
    cpu_ms: npt.NDArray[np.float64]


def run_worker(
    python: Path | str,
    worker: str | Path,
    arguments: Sequence[str],
    *,
    one_thread: bool = True,
    timeout_s: float = WORKER_TIMEOUT_S,
) -> Output:
    """Run one of `benchmarks.peer_workers` (or the script at a path) to its end, in an empty folder of its own.

    Raises:
        PeerError: it cannot be started, takes too long, fails, or prints something else than it should.
    """
    how = [str(worker)] if isinstance(worker, Path) else ["-m", f"benchmarks.peer_workers.{worker}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1", "QT_QPA_PLATFORM": "offscreen"}
    environment |= ONE_THREAD if one_thread else {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = subprocess.run(
                [str(python), *how, *arguments],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                cwd=folder,
                env=environment,
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{worker}: not done after {timeout_s:g} s") from error
        except OSError as error:
            raise PeerError(f"{worker}: cannot be started ({error})") from error
    if result.returncode != 0:
        raise PeerError(f"{worker}: {last_line(result.stderr)} (exit code {result.returncode})")
    return parse_output(result.stdout, str(worker))


def parse_output(text: str, worker: str) -> Output:
    """JSON lines, the first with `versions`.

    Raises:
        PeerError: they are not.
    """
    lines = []
    for line in text.splitlines():
        try:
            content = json.loads(line)
        except json.JSONDecodeError as error:
            raise PeerError(f"{worker}: expected JSON lines, found {line[:80]!r}") from error
        if not isinstance(content, dict):
            raise PeerError(f"{worker}: expected JSON objects, found {line[:80]!r}")
        lines.append(content)
    if not lines or "versions" not in lines[0]:
        raise PeerError(f"{worker}: expected a first line with its versions, found {str(lines[:1])[:80]}")
    return Output(lines[0], lines[1:])


def parse_faces(results: Iterable[dict[str, Any]], pictures: Sequence[Path]) -> dict[Path, FacesFound]:
    """By picture, in the order asked for.

    Raises:
        PeerError: a picture is missing or a line is not what it should be.
    """
    found: dict[str, FacesFound] = {}
    for line in results:
        try:
            faces = [FaceDetection(np.asarray(box[:4], np.float32), float(box[4])) for box in line["boxes"]]
            found[line["path"]] = FacesFound(faces, float(line["ms"]), float(line["cpu_ms"]))
        except (KeyError, IndexError, TypeError, ValueError, ShapeError) as error:
            raise PeerError(f"expected path, boxes of five numbers, ms and cpu_ms, found {str(line)[:80]}") from error
    missing = [picture for picture in pictures if str(picture) not in found]
    if missing:
        raise PeerError(f"no answer for {len(missing)} of {len(pictures)} pictures, the first {missing[0].name}")
    return {picture: found[str(picture)] for picture in pictures}


def parse_probabilities(results: Iterable[dict[str, Any]], faces: int) -> FacesClassified:
    """Of `faces` faces, in their order.

    Raises:
        PeerError: one is missing or a line is not what it should be.
    """
    lines = list(results)
    classes = len(FERPLUS_LABELS)
    try:
        in_order = [line["row"] for line in lines] == list(range(faces))
        probabilities = np.asarray([line["probabilities"] for line in lines], np.float64)
        ms, cpu_ms = (np.asarray([line[key] for line in lines], np.float64) for key in ("ms", "cpu_ms"))
    except (KeyError, TypeError, ValueError) as error:
        raise PeerError(f"expected row, probabilities, ms and cpu_ms on each line, found {str(lines[:1])[:80]}") from error
    if not in_order or probabilities.shape != (faces, classes):
        raise PeerError(f"expected {classes} probabilities of each of {faces} faces, found shape {probabilities.shape}")
    return FacesClassified(probabilities, ms, cpu_ms)
