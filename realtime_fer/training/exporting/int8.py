"""Make the int8 file of a model on the shelf: calibrate on training pictures, quantise, compare with the float32 file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_fer.datasets.ferplus import load_ferplus
from realtime_fer.detection.letterbox import Letterbox, plan_letterbox
from realtime_fer.errors import DatasetError, ModelError, ModelShapeError, missing_extra
from realtime_fer.inference.session import open_session
from realtime_fer.training.camera_degradation import degrade
from realtime_fer.training.exporting.int8_weights import FloatArray, write_int8
from realtime_fer.training.exporting.model_folder import add_int8
from realtime_fer.training.expression_augmentation import augment
from realtime_fer.zoo.manifest import ChainManifest, CheckpointManifest, DetectorManifest, ExpressionManifest
from realtime_fer.zoo.shelf import ShelvedModel

try:
    import torch
except ImportError as error:
    raise missing_extra("export int8", "train", error) from error

log = logging.getLogger(__name__)

CALIBRATION_FACES = 600
CALIBRATION_PICTURES = 150
COMPARED_SHARE = 0.25
"""Of the inputs are kept from the calibration, to compare the two files on."""

FACES_A_BATCH = 20
DEGRADED_SHARE = 0.3

LOGIT_TOLERANCE = 0.25
CONFIDENCE_TOLERANCE = 0.06
"""Mean differences between the int8 and the float32 file above which something is wrong, not merely rounded: of logits before
calibration (which range over about ten), and of the confidences of boxes that either file holds to be faces."""

SEED = 0


def export_int8(model: ShelvedModel, data: Path) -> Path:
    """Write the int8 file of `model` into its folder.

    Args:
        data: training data: the npz of FER+ for an expression classifier, a folder of pictures for a detector.

    Returns:
        Path of the ONNX file.

    Raises:
        DatasetError: `data` cannot be read, or holds too little.
        ModelError: the int8 file answers too differently from the float32 file; nothing is written then.
    """
    manifest = model.manifest
    if isinstance(manifest, ExpressionManifest):
        inputs, told = _faces(data), f"{CALIBRATION_FACES} faces of the training split, two thirds spoiled as cameras do"
    elif isinstance(manifest, ChainManifest | CheckpointManifest):
        raise ModelShapeError(f"{manifest.name}: int8 is for classifiers and face detectors, not for {manifest.task}")
    else:
        inputs = _pictures(data, manifest)
        told = f"{len(inputs)} training pictures at {manifest.long_side_px} px, {DEGRADED_SHARE:.0%} spoiled as cameras do"
    kept = max(1, round(COMPARED_SHARE * len(inputs)))
    calibration, compared = inputs[kept:], inputs[:kept]
    source = model.folder / manifest.file

    def write(draft: Path) -> None:
        write_int8(source, draft, calibration)
        compare = _logit_difference if isinstance(manifest, ExpressionManifest) else _confidence_difference
        limit = LOGIT_TOLERANCE if isinstance(manifest, ExpressionManifest) else CONFIDENCE_TOLERANCE
        difference = compare(source, draft, compared)
        log.info("%s: mean difference int8 to float32 %.3g", manifest.name, difference)
        # Written so that a not-a-number fails too.
        if not difference <= limit:
            raise ModelError(f"{draft.name}: differs from float32 by {difference:.3g} on average, expected at most {limit:g}")

    return add_int8(model.folder, write, told)


def _faces(data: Path) -> list[FloatArray]:
    images = load_ferplus(data).images
    if len(images) < CALIBRATION_FACES:
        raise DatasetError(f"{data}: expected at least {CALIBRATION_FACES} faces to calibrate on, found {len(images)}")
    rows = np.random.default_rng(SEED).choice(len(images), CALIBRATION_FACES, replace=False)
    faces = torch.from_numpy(images[rows]).float().unsqueeze(1)
    plain = CALIBRATION_FACES // 3
    generator = torch.Generator().manual_seed(SEED)
    mixed = torch.cat([faces[:plain], augment(faces[plain:], generator)]).numpy()
    # Batches that hold both kinds.
    return [np.ascontiguousarray(mixed[start :: CALIBRATION_FACES // FACES_A_BATCH]) for start in range(30)]


def _pictures(data: Path, manifest: DetectorManifest) -> list[FloatArray]:
    files = sorted(path for path in data.iterdir() if path.is_file()) if data.is_dir() else []
    rng = np.random.default_rng(SEED)
    inputs: list[FloatArray] = []
    for index in rng.permutation(len(files))[:CALIBRATION_PICTURES]:
        picture: Any = cv2.imread(str(files[index]))
        if picture is None:
            continue
        if rng.random() < DEGRADED_SHARE:
            picture = degrade(picture, rng)
        plan = plan_letterbox(picture.shape[1], picture.shape[0], long_side_px=manifest.long_side_px)
        inputs.append(Letterbox(plan).fill(picture).copy())
    if len(inputs) < 2:
        raise DatasetError(f"{data}: expected a folder of pictures to calibrate on, found {len(inputs)} readable ones")
    return inputs


def _logit_difference(source: Path, draft: Path, compared: list[FloatArray]) -> float:
    exact, rounded = open_session(source), open_session(draft)
    name = exact.get_inputs()[0].name
    each = [np.abs(exact.run(None, {name: x})[0] - rounded.run(None, {name: x})[0]).mean() for x in compared]
    return float(np.mean(each))


def _confidence_difference(source: Path, draft: Path, compared: list[FloatArray]) -> float:
    exact, rounded = open_session(source), open_session(draft)
    name = exact.get_inputs()[0].name
    each = []
    for x in compared:
        right, found = (session.run(None, {name: x})[0][:, 4] for session in (exact, rounded))
        faces = (right > 0.5) | (found > 0.5)
        each.extend(np.abs(right - found)[faces])
    return float(np.mean(each)) if each else 0.0
