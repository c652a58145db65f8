"""How long a classifier takes for one face."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from realtime_fer.inference.session import open_session, run_session

WARM_UP_RUNS = 50
TIMED_RUNS = 1000


def milliseconds_per_face(
    model: Path, *, size_px: int, intra_op_threads: int = 1, runs: int = TIMED_RUNS
) -> tuple[float, float]:
    """Median and 95th percentile of one run on one face, milliseconds, ONNX Runtime on the CPU.

    From array to array; cutting the face is not in it.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    session = open_session(model, intra_op_threads=intra_op_threads)
    face = np.random.default_rng(0).integers(0, 256, (1, 1, size_px, size_px)).astype(np.float32)
    feed = {session.get_inputs()[0].name: face}
    for _ in range(WARM_UP_RUNS):
        run_session(session, None, feed, str(model))
    taken = []
    for _ in range(runs):
        started = time.perf_counter_ns()
        session.run(None, feed)
        taken.append((time.perf_counter_ns() - started) / 1e6)
    median, tail = np.quantile(taken, [0.5, 0.95])
    return float(median), float(tail)
