"""Synthetic scenes with known identities: smooth paths, and a detector with the usual faults."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realtime_fer.tracking.tracker import Tracker
from realtime_fer.types import FaceDetection
from tests.tracking.tracking_scores import TrackingScorer, TrackingScores

WIDTH, HEIGHT = 640, 480

# A face hidden by a nearer one to this share is not detected.
HIDDEN_SHARE = 0.5

Path = Callable[[float], tuple[float, float, float]]
"""Seconds to centre x, centre y, side of a face, in pixels."""


@dataclass(frozen=True)
class Step:
    """One frame: the true boxes that can be seen at all, and what the detector says (None where it was skipped)."""

    time_ns: int
    truth: dict[int, np.ndarray]
    detections: list[FaceDetection] | None


@dataclass(frozen=True)
class Faults:
    """What is wrong with the detector and the camera."""

    jitter: float = 0.03
    miss_rate: float = 0.08
    weak_rate: float = 0.08
    lowest_confidence: float = 0.5
    false_alarms_per_frame: float = 0.05
    burst_s: float = 0.25
    burst_every_s: float = 2.5
    time_jitter: float = 0.2


def wandering(rng: np.random.Generator, home: tuple[float, float], side: float, speed: float) -> Path:
    """A face that sways about a place; `speed` is its largest speed in sides a second, about."""
    rates = rng.uniform(0.25, 0.7, 4)
    phases = rng.uniform(0, 2 * math.pi, 5)
    reach = speed * side / (2 * math.pi * rates)

    def path(t: float) -> tuple[float, float, float]:
        angle = 2 * math.pi * rates * t + phases[:4]
        x = home[0] + 0.6 * reach[0] * math.sin(angle[0]) + 0.4 * reach[1] * math.sin(angle[1])
        y = home[1] + 0.3 * reach[2] * math.sin(angle[2]) + 0.2 * reach[3] * math.sin(angle[3])
        return x, y, side * (1 + 0.12 * math.sin(0.9 * t + phases[4]))

    return path


def passing(y: float, side: float, start_x: float, speed_px_s: float) -> Path:
    """A face that crosses the picture in a line, bobbing a little."""
    return lambda t: (start_x + speed_px_s * t, y + 0.04 * side * math.sin(9 * t), side)


def simulate(
    paths: list[Path], *, seconds: float, fps: float, detector_every: int, faults: Faults, rng: np.random.Generator
) -> list[Step]:
    """Frames of a scene; the faces' identities are their places in `paths`."""
    steps = []
    t = 0.0
    bursts = [float(rng.uniform(0, faults.burst_every_s)) for _ in paths]
    for index in range(int(seconds * fps)):
        truth = visible_boxes(paths, t)
        detections = None
        if index % detector_every == 0:
            detections = []
            for face, box in truth.items():
                since_burst = (t - bursts[face]) % faults.burst_every_s
                if since_burst < faults.burst_s or rng.random() < faults.miss_rate:
                    continue
                confidence = (
                    rng.uniform(0.21, 0.39) if rng.random() < faults.weak_rate else rng.uniform(faults.lowest_confidence, 0.9)
                )
                side = box[2] - box[0]
                noisy = box + rng.normal(0, faults.jitter * side, 4)
                detections.append(FaceDetection(np.clip(noisy, 0, [WIDTH, HEIGHT] * 2).astype(np.float32), float(confidence)))
            for _ in range(rng.poisson(faults.false_alarms_per_frame)):
                x, y, side = rng.uniform(0, WIDTH - 60), rng.uniform(0, HEIGHT - 60), rng.uniform(20, 60)
                detections.append(
                    FaceDetection(np.array([x, y, x + side, y + side], np.float32), float(rng.uniform(0.15, 0.58)))
                )
            order = rng.permutation(len(detections))
            detections = [detections[i] for i in order]
        steps.append(Step(int(t * 1e9) + 10**9, truth, detections))
        t += (1 / fps) * float(rng.uniform(1 - faults.time_jitter, 1 + faults.time_jitter))
    return steps


def visible_boxes(paths: list[Path], t: float) -> dict[int, np.ndarray]:
    """Boxes on the picture, clipped to it, without those mostly hidden by a larger (nearer) face."""
    whole: dict[int, np.ndarray] = {}
    for face, path in enumerate(paths):
        x, y, side = path(t)
        whole[face] = np.array([x - side / 2, y - side * 0.6, x + side / 2, y + side * 0.6])
    shown = {}
    for face, box in whole.items():
        clipped = np.clip(box, 0, [WIDTH, HEIGHT] * 2)
        if area(clipped) < 0.4 * area(box):
            continue
        nearer = [other for number, other in whole.items() if number != face and area(other) > area(box)]
        if all(area(overlap(box, other)) < HIDDEN_SHARE * area(box) for other in nearer):
            shown[face] = clipped.astype(np.float32)
    return shown


def area(box: np.ndarray) -> float:
    return float(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate((np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])))


def follow(tracker: Tracker, steps: list[Step]) -> TrackingScores:
    """Run a tracker over a scene and count."""
    scorer = TrackingScorer()
    for step in steps:
        if step.detections is None:
            tracks = tracker.predict(step.time_ns, WIDTH, HEIGHT)
        else:
            tracks = tracker.update(step.detections, step.time_ns, WIDTH, HEIGHT)
        scorer.add_frame(step.truth, {track.track_id: track.bbox_xyxy for track in tracks})
    return scorer.scores


def group_scene(
    seed: int, *, fps: float = 25.0, detector_every: int = 1, speed: float = 1.2, faults: Faults | None = None
) -> list[Step]:
    """Five people who move about their places and come near each other."""
    rng = np.random.default_rng(seed)
    homes = [(110, 130), (250, 150), (400, 120), (170, 320), (420, 330)]
    paths = [wandering(rng, home, float(rng.uniform(45, 80)), speed) for home in homes]
    return simulate(paths, seconds=12, fps=fps, detector_every=detector_every, faults=faults or Faults(), rng=rng)


def crossing_scene(seed: int, *, fps: float = 25.0, detector_every: int = 1, faults: Faults | None = None) -> list[Step]:
    """Two pairs who walk past each other, the farther one of each hidden for a moment, and one who stands."""
    rng = np.random.default_rng(seed)
    paths = [
        passing(120, 70, 60, 85 + float(rng.uniform(0, 20))),
        passing(125, 58, 580, -80 - float(rng.uniform(0, 20))),
        passing(330, 60, 40, 110 + float(rng.uniform(0, 20))),
        passing(322, 52, 600, -60 - float(rng.uniform(0, 20))),
        wandering(rng, (320, 225), 40, 0.4),
    ]
    return simulate(paths, seconds=5, fps=fps, detector_every=detector_every, faults=faults or Faults(), rng=rng)
