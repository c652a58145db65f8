"""A fast path over fakes, a talkative reasoner, and pictures to describe."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.reasoning.claims import Claim, ClaimKind
from realtime_fer.reasoning.listener import Listener
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.types import FaceDetection
from tests.fakes import FakeClassifier, FakeDetector, FakeTracker, box


class CroppedClassifier(FakeClassifier):
    """Of a size that real crops can have."""

    crop_size_px = 48


def fast_path(unrelated_frames: bool = True, faces: int = 2) -> FastPath:
    """Finds so many faces on every frame."""
    found = [FaceDetection(box(10 + 60 * n, 20, 60 + 60 * n, 70), 0.9) for n in range(faces)]
    return FastPath(
        FakeDetector(lambda _: found),
        FakeTracker(),
        CroppedClassifier(),
        ProbabilitySmoother(),
        unrelated_frames=unrelated_frames,
    )


class Talker:
    """Says what it was shown; fails where the track is in `fails`."""

    name = "talker"
    version = "1"

    def __init__(self, fails: tuple[int, ...] = (), error: Exception | None = None) -> None:
        self.asked: list[ReasoningRequest] = []
        self._fails = fails
        self._error = error or ValueError("no idea\nand a second line")

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        self.asked.append(request)
        if request.track_id in self._fails:
            raise self._error
        claims = (Claim(ClaimKind.ACTION_UNIT, "lip corner puller", code="AU12", side="left", intensity="slightly"),)
        steps = (ChainStep("label", "happiness", {"happiness": 1.0}), ChainStep("description", "One.\n\nTwo."))
        return ReasoningAnswer(steps, None, f"Face {request.track_id} smiles.", self.name, self.version, claims)

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        listener.say("label", "hap")
        return self.reason(request)


def write_picture(path: Path, step: int = 4) -> Path:
    """Stripes, 160 x 120, so many pixels wide."""
    stripes = (np.indices((120, 160)).sum(axis=0) // step % 2 * 90 + 80).astype(np.uint8)
    cv2.imwrite(str(path), stripes)
    return path


def write_film(path: Path, frames: int = 30, fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (160, 120))
    for _ in range(frames):
        writer.write(np.full((120, 160, 3), 90, np.uint8))
    writer.release()
    return path


class Interrupted(Talker):
    """Ctrl-C at the third question."""

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        if len(self.asked) == 2:
            raise KeyboardInterrupt
        return super().reason(request)


def talker(interrupted: bool = False, fails: int = 0, out_of_memory: bool = False) -> Talker:
    """As a user names it with --reasoner-factory."""
    if interrupted:
        return Interrupted()
    return Talker((fails,), MemoryError() if out_of_memory else None)
