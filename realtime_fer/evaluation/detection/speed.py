"""How long detectors take for one picture, the network alone, taken in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from realtime_fer.inference.session import open_session, run_session

INPUT_SIZES_HW = ((192, 320), (256, 320), (480, 640))
"""Height and width: a 16:9 and a 4:3 camera at the usual size, and a 4:3 camera in full."""

WARM_UP_RUNS = 5
TIMED_RUNS = 60


def detector_milliseconds(
    models: Mapping[str, Path],
    *,
    sizes_hw: Sequence[tuple[int, int]] = INPUT_SIZES_HW,
    intra_op_threads: int = 1,
    runs: int = TIMED_RUNS,
) -> dict[tuple[int, int], dict[str, float]]:
    """Median milliseconds of one run by input size and model, ONNX Runtime on the CPU.

    The models run in turn, one after the other in every round, so that whatever else the machine does at a moment slows
    all of them. From array to array: letterbox and suppression of overlaps are not in it.

    Args:
        models: ONNX files by name, of any input size.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: a model cannot be used.
    """
    sessions = {name: open_session(path, intra_op_threads=intra_op_threads) for name, path in models.items()}
    medians = {}
    for height, width in sizes_hw:
        picture = np.random.default_rng(0).random((1, 3, height, width), dtype=np.float32)
        feeds = {name: {session.get_inputs()[0].name: picture} for name, session in sessions.items()}
        taken: dict[str, list[float]] = {name: [] for name in sessions}
        for _ in range(WARM_UP_RUNS):
            for name, session in sessions.items():
                run_session(session, None, feeds[name], name)
        for _ in range(runs):
            for name, session in sessions.items():
                started = time.perf_counter_ns()
                session.run(None, feeds[name])
                taken[name].append((time.perf_counter_ns() - started) / 1e6)
        medians[height, width] = {name: float(np.median(durations)) for name, durations in taken.items()}
    return medians
