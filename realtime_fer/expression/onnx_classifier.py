"""An expression classifier in ONNX Runtime."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from realtime_fer.errors import ModelShapeError, ShapeError
from realtime_fer.expression.classifier import BatchEstimate, softmax
from realtime_fer.expression.face_crop import FaceCrop
from realtime_fer.inference.session import open_session, run_session
from realtime_fer.types import FloatArray


class OnnxClassifier:
    """Runs an ONNX network on face crops.

    The network takes `faces`, float32, shape (N, 1, S, S) grey or (N, 3, S, S) RGB, values 0..255, and gives `logits`,
    float32, shape (N, C). A second output of shape (N, 2) is valence and arousal in [-1, 1].

    Args:
        path: the ONNX file.
        labels: the C class names in the network's order.
        size_px, margin, grey: how faces are cut for it, see `face_crop.cut_face`; in colour unless `grey`.
        temperature: divides the logits before the softmax.
        intra_op_threads: threads of one run.
        providers: ONNX Runtime execution providers, best first; None is the CPU.

    Raises:
        ModelCorruptError: the file is not a readable ONNX network.
        ModelShapeError: inputs or outputs have other shapes; found by a run on two blank faces.
    """

    def __init__(
        self,
        path: Path,
        *,
        labels: Sequence[str],
        size_px: int,
        margin: float,
        grey: bool = False,
        temperature: float = 1.0,
        name: str | None = None,
        intra_op_threads: int = 1,
        providers: Sequence[str] | None = None,
    ) -> None:
        self.name = name or path.stem
        self.labels = tuple(labels)
        self.crop_size_px = size_px
        self.crop_margin = margin
        self.crop_grey = grey
        self.last_model_ms = 0.0
        self._temperature = temperature
        self._session = open_session(path, intra_op_threads=intra_op_threads, providers=providers)
        inputs = self._session.get_inputs()
        channels = 1 if grey else 3
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise ModelShapeError(
                f"{path}: expected one input of shape (N, {channels}, {size_px}, {size_px}), "
                f"found {[(i.name, i.shape) for i in inputs]}; is this an expression classifier?"
            )
        self._input_name = inputs[0].name
        self._shape = (channels, size_px, size_px)
        blank = np.zeros((2, *self._shape), np.float32)
        outputs = run_session(self._session, None, {self._input_name: blank}, str(path))
        self._require_fit([output.shape for output in outputs], path)
        self._of_no_face = [output[:0] for output in outputs]

    def classify(self, crops: Sequence[FaceCrop]) -> BatchEstimate:
        """Class probabilities of each crop, and whatever else the network says of it.

        Args:
            crops: uint8, each (S, S) grey or (S, S, 3) RGB as the constructor says.

        Raises:
            ShapeError: a crop has another shape.
        """
        if not crops:
            self.last_model_ms = 0.0
            return self._estimate(self._of_no_face)
        channels, size, _ = self._shape
        wanted = (size, size) if channels == 1 else (size, size, 3)
        batch = np.empty((len(crops), *self._shape), np.float32)
        for slot, crop in zip(batch, crops, strict=True):
            if crop.shape != wanted:
                raise ShapeError(f"{self.name}: expected face crops of shape {wanted}, found {crop.shape}")
            slot[...] = crop if channels == 1 else crop.transpose(2, 0, 1)
        return self._estimate(self._run(batch))

    def _run(self, batch: FloatArray) -> list[FloatArray]:
        started = time.perf_counter_ns()
        outputs: list[FloatArray] = self._session.run(None, {self._input_name: batch})
        self.last_model_ms = (time.perf_counter_ns() - started) / 1e6
        return outputs

    def _estimate(self, outputs: list[FloatArray]) -> BatchEstimate:
        """What the network's outputs for N faces mean; N may be 0."""
        valence_arousal = np.clip(outputs[1], -1, 1) if len(outputs) > 1 else None
        return BatchEstimate(softmax(outputs[0], self._temperature), valence_arousal)

    def _require_fit(self, shapes: list[tuple[int, ...]], path: Path) -> None:
        """Raise ModelShapeError unless the outputs for two faces have these shapes."""
        expected = (2, len(self.labels))
        if shapes[0] != expected:
            raise ModelShapeError(
                f"{path}: expected logits of shape {expected} for {len(self.labels)} labels, found {shapes[0]}"
            )
        if len(shapes) > 1 and shapes[1] != (2, 2):
            raise ModelShapeError(f"{path}: expected valence and arousal of shape (2, 2), found {shapes[1]}")
