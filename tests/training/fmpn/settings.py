"""Settings of runs that take milliseconds an epoch."""

from __future__ import annotations

from typing import Any

from realtime_fer.training.loop.progress import SilentProgress
from tests.networks.fmpn.tiny import SIZE_PX, WIDTH

MASKS: dict[str, Any] = {
    "stage": "masks",
    "size_px": 16,
    "channels": 4,
    "blocks": 1,
    "epochs": 4,
    "batch": 4,
    "learning_rate": 3e-3,
}
CLASSIFIER: dict[str, Any] = {
    **MASKS,
    "stage": "classifier",
    "size_px": SIZE_PX,
    "width": WIDTH,
    "epochs": 3,
    "decay_epochs": 1,
    "learning_rate": 2e-2,
}
COMPACT: dict[str, Any] = {"classifier": "compact", "schedule": "one-cycle", "channels": 4, "blocks": 1, "batch": 4}
SILENT: dict[str, Any] = {"threads": 1, "device": "cpu", "held_out": 0.25, "progress": SilentProgress()}
