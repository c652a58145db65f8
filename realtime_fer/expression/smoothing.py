"""Probabilities of one track, smoothed over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from realtime_fer.errors import ShapeError
from realtime_fer.types import FloatArray

DEFAULT_TIME_CONSTANT_S = 0.25
"""A step in expression is two thirds visible after this long; a smile takes 0.2 to 0.5 s to unfold."""

DEFAULT_RESET_AFTER_S = 1.0
"""A face not classified for this long starts afresh: the old expression says nothing about the new one."""


@dataclass
class _TrackState:
    probabilities: FloatArray
    time_ns: int


class ProbabilitySmoother:
    """First-order low-pass filter of each track's class probabilities.

        s += (1 - exp(-dt / tau)) * (p - s)

    `dt` is the real time between the two frames, so dropped frames and changing frame rates give the same curve. The
    result stays a distribution, since it is a convex combination of distributions.

    Args:
        time_constant_s: tau; 0 turns smoothing off.
        reset_after_s: a longer gap starts the filter afresh.
    """

    def __init__(
        self, *, time_constant_s: float = DEFAULT_TIME_CONSTANT_S, reset_after_s: float = DEFAULT_RESET_AFTER_S
    ) -> None:
        self._tau_s = time_constant_s
        self._reset_after_s = reset_after_s
        self._tracks: dict[int, _TrackState] = {}

    def update(self, track_id: int, probabilities: FloatArray, time_ns: int) -> FloatArray:
        """Take one track's new probabilities, float32 (C,), and return the smoothed ones.

        Args:
            time_ns: of the frame, on the source's time line; a jump back (a looping file) starts the filter afresh.

        Raises:
            ShapeError: the number of classes changed within the track.
        """
        state = self._tracks.get(track_id)
        if state is not None and state.probabilities.shape != probabilities.shape:
            raise ShapeError(
                f"track {track_id}: expected {state.probabilities.shape[0]} probabilities, found shape {probabilities.shape}"
            )
        if state is None or not 0 <= time_ns - state.time_ns <= self._reset_after_s * 1e9:
            smoothed = probabilities.astype(np.float32)
        else:
            dt_s = (time_ns - state.time_ns) / 1e9
            gain = 1.0 if self._tau_s <= 0 else -math.expm1(-dt_s / self._tau_s)
            smoothed = state.probabilities + np.float32(gain) * (probabilities - state.probabilities)
        self._tracks[track_id] = _TrackState(smoothed, time_ns)
        return smoothed

    def forget(self, track_id: int) -> None:
        """Drop the state of an ended track; an unknown id is no error."""
        self._tracks.pop(track_id, None)

    def __len__(self) -> int:
        return len(self._tracks)
