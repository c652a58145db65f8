"""A stand-in that keeps one core as busy as a network would, for measuring beside it where no reasoner is installed."""

from __future__ import annotations

import time

import numpy as np

from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.request import ReasoningRequest

MATRIX_SIDE = 512
"""Three megabytes in all: beyond most second-level caches, so that memory is contended for as well."""


class BusyReasoner:
    """Multiplies matrices for a while, then says so."""

    name = "busy-stand-in"
    version = "1"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._matrix = np.random.default_rng(0).standard_normal((MATRIX_SIDE, MATRIX_SIDE)).astype(np.float32)

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """Compute until the time is over."""
        deadline = time.monotonic() + self._seconds
        product = self._matrix
        while time.monotonic() < deadline:
            product = self._matrix @ self._matrix
        step = ChainStep("product", f"{float(product[0, 0]):.3f}")
        return ReasoningAnswer((step,), None, "Nothing was looked at.", self.name, self.version)


def build(seconds: float = 0.3) -> Reasoner:
    """Busy for so long a question."""
    return BusyReasoner(seconds)
