"""How the learning rate goes up and down. No torch."""

from __future__ import annotations

import math


def warm_up_then_cosine(step: int, steps: int, warm_up_ratio: float) -> float:
    """What peak learning rates are multiplied by in a step, from 0: linear from 0 to 1, then a cosine down to 0.

    The first step's is 0, as in transformers' schedule of that name: it only fills the optimiser's averages.

    Args:
        step: from 0.
        steps: of the whole run.
        warm_up_ratio: share of them until the peak.
    """
    warm_up = math.ceil(warm_up_ratio * steps)
    if step < warm_up:
        return step / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def full_batches(epochs: int, records: int, batch: int) -> int:
    """Optimiser steps of a run whose epochs run into each other: full batches only, at least 1."""
    return max(1, epochs * records // batch)
