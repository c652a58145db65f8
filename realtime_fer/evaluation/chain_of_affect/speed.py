"""How long a chain model takes for one face, both questions."""

from __future__ import annotations

import time

import numpy as np

from realtime_fer.reasoning.chain_of_affect.chain import ChainRules, ask_chain
from realtime_fer.reasoning.chain_of_affect.model import ChainModel

WARM_UP_FACES = 10
TIMED_FACES = 200
FACE_SIZE_PX = 96
"""A face about as large as a robot's camera sees it; cutting it to the model's size is in the time."""


def milliseconds_per_chain(model: ChainModel, rules: ChainRules, faces: int = TIMED_FACES) -> tuple[float, float]:
    """Median and 95th percentile of both answers about one face, milliseconds, from the picture on.

    Args:
        model: as it runs, with its threads.
        rules: which ask the second question always, for the time to mean both.
    """
    picture = np.random.default_rng(0).integers(0, 256, (FACE_SIZE_PX, FACE_SIZE_PX, 3), dtype=np.uint8)
    taken = []
    for number in range(WARM_UP_FACES + faces):
        started = time.perf_counter_ns()
        ask_chain(model.look(picture), rules)
        if number >= WARM_UP_FACES:
            taken.append((time.perf_counter_ns() - started) / 1e6)
    median, tail = np.quantile(taken, [0.5, 0.95])
    return float(median), float(tail)
