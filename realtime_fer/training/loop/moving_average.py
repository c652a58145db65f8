"""The moving average of a network's weights: what ships, since it is better and steadier than any single step.

Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 30(4), 1992;
here with exponentially fading weights.
"""

from __future__ import annotations

from typing import Any

from realtime_fer.errors import missing_extra

try:
    import torch
except ImportError as error:
    raise missing_extra("training a network", "train", error) from error

DECAY = 0.998


@torch.no_grad()
def update_average(average: Any, model: Any, step: int) -> None:
    """Move `average` towards `model`, a network of the same make, after optimiser step number `step` (from 0).

    Buffers are averaged too; those that are no floating-point numbers (counters) are copied.
    """
    # The first steps must not linger in the average.
    decay = min(DECAY, (1 + step) / (10 + step))
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)
