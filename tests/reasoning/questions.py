"""Questions to ask, and patience for what comes back from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb, KeyframeReason
from realtime_fer.reasoning.request import ReasoningRequest

PATIENCE_S = 40.0
"""For one thing that another process does, on a machine that is busy with others. Never waited for in full unless it fails."""

LOOK_INTERVAL_S = 0.01


def request(request_id: int = 0, track_id: int = 1, crop: ImageRgb | None = None) -> ReasoningRequest:
    return ReasoningRequest(
        request_id=request_id,
        track_id=track_id,
        frame_id=100 + request_id,
        capture_monotonic_ns=5_000_000_000 + request_id,
        capture_unix_ns=1_700_000_000_000_000_000 + request_id,
        crop_rgb=np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3) if crop is None else crop,
        face_xyxy=(1.0, 1.0, 3.0, 4.0),
        probabilities={"neutral": 0.25, "sadness": 0.75},
        reason=KeyframeReason.MIXED,
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Look until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(LOOK_INTERVAL_S)


def is_running(pid: int) -> bool:
    """Whether a process does anything; one that is dead but not yet buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # without /proc, the signal's word has to do
