"""What a run of the loop left, as an export begins with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra

try:
    import torch
except ImportError as error:
    raise missing_extra("exporting a trained network", "train", error) from error

Network = TypeVar("Network")

LONGEST_REASON = 200
"""Letters; torch lists every layer that does not fit."""


def load_average(
    checkpoint: Path, training: str, network: Callable[[Mapping[str, Any]], Network]
) -> tuple[Network, dict[str, Any]]:
    """The network with the moving average of a run, in evaluation mode, and everything else the checkpoint holds.

    Args:
        checkpoint: `last.pt` of the run.
        training: which one it should be of, for the errors: "a FaceLite training".
        network: makes it of what the checkpoint holds.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no checkpoint of that training.
    """
    if not checkpoint.is_file():
        raise ModelNotFoundError(f"{checkpoint}: expected a checkpoint of {training}, found none")
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model: Any = network(saved)
        model.load_state_dict(saved["average"])
    except Exception as error:  # a broken pickle raises whatever it likes
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:LONGEST_REASON]}"
        raise ModelCorruptError(f"{checkpoint}: not a checkpoint of {training} ({reason})") from error
    return model.eval(), saved
