"""Whether an exported classifier answers as the torch network that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from realtime_fer.errors import ModelError
from realtime_fer.inference.session import open_session
from realtime_fer.types import FloatArray

SEED = 0


def compared_faces(size_px: int) -> list[FloatArray]:
    """A batch of one face and one of four, float32 (N, 3, S, S) of whole levels: noise, a ramp, black and white."""
    noise = np.random.default_rng(SEED).integers(0, 256, (2, 3, size_px, size_px)).astype(np.float32)
    ramp = np.broadcast_to(np.linspace(0, 255, size_px, dtype=np.float32).round(), noise.shape[1:])
    return [noise[:1], np.stack([noise[1], ramp, np.zeros_like(ramp), np.full_like(ramp, 255)])]


def largest_difference(
    onnx_file: Path, answers: Callable[[FloatArray], Sequence[FloatArray]], size_px: int, tolerance: float
) -> float:
    """Largest difference of an output over `compared_faces`, as a share of that output's largest number where that is above 1.

    Args:
        answers: the torch network's outputs for such faces, in the order of the file's.
        size_px: side of the faces.
        tolerance: what is still the same.

    Raises:
        ModelError: a difference is larger or not a number, or the outputs are others.
    """
    session = open_session(onnx_file)
    names = [output.name for output in session.get_outputs()]
    worst = 0.0
    for faces in compared_faces(size_px):
        found, expected = session.run(None, {"faces": faces}), answers(faces)
        shapes, wanted = [output.shape for output in found], [output.shape for output in expected]
        if shapes != wanted:
            raise ModelError(f"{onnx_file.name}: the export has outputs of the shapes {shapes}, torch {wanted}")
        for name, ours, theirs in zip(names, found, expected, strict=True):
            difference = float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))
            # Written so that a not-a-number fails too.
            if not difference <= tolerance:
                raise ModelError(
                    f"{onnx_file.name}: the export differs from torch by {difference:.3g} in its {name} "
                    f"(at most {tolerance}) on a batch of {len(faces)}"
                )
            worst = max(worst, difference)
    return worst
