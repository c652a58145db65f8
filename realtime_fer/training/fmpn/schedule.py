"""The learning rate of FMPN's training: constant, then a straight line to zero, set once an epoch.

Needs no torch.
"""

from __future__ import annotations

from realtime_fer.errors import SettingsError


def learning_rate_factor(epoch: int, epochs: int, decay_epochs: int) -> float:
    """What the learning rate is multiplied by in `epoch`, which counts from 1.

    1 - max(0, epoch + 1 - steady) / (decay + 1) with steady = epochs - decay. Two oddities of the published schedule are
    kept: the decline begins in the last of the steady epochs, and the last epoch of all runs with a rate of exactly 0 (only
    the statistics of the batch norms still move). A run of one epoch, which would learn nothing then, has the full rate.

    Args:
        epochs: of the whole run.
        decay_epochs: of these, how many at the end; published: half.

    Raises:
        SettingsError: more decline than epochs, or an epoch outside the run.
    """
    if not 0 <= decay_epochs <= epochs or not 1 <= epoch <= epochs:
        raise SettingsError(
            f"FMPN schedule: expected 0 <= decay epochs <= epochs and an epoch in 1..{epochs}, "
            f"found epoch {epoch}, {epochs} epochs, {decay_epochs} of them decay"
        )
    if epochs == 1:
        return 1.0
    return 1.0 - max(0, epoch + 1 - (epochs - decay_epochs)) / (decay_epochs + 1)
