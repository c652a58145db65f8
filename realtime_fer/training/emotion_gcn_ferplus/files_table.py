"""The weight files of an expression model beside each other: what int8 costs, and what it saves."""

from __future__ import annotations

from pathlib import Path

from realtime_fer.evaluation.ferplus_protocol import evaluate_ferplus
from realtime_fer.evaluation.speed import milliseconds_per_face
from realtime_fer.zoo.manifest import ExpressionManifest
from realtime_fer.zoo.shelf import ShelvedModel

HEADER = """| file | size | WAR | UAR | ECE | one face, median | 95th percentile |
|---|---|---|---|---|---|---|"""


def files_table(folder: Path, manifest: ExpressionManifest, data: Path) -> str:
    """A Markdown table with a row a weight file, measured here; times are of one thread.

    Args:
        folder: of the model.
        data: FER+ validation faces (npz).

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: a file cannot be used.
        DatasetError: `data` is no FER+ npz file.
    """
    models = [ShelvedModel(folder, manifest)]
    if manifest.int8 is not None:
        models.append(ShelvedModel(folder, manifest, "int8"))
    rows = [HEADER]
    for model in models:
        size = manifest.crop.size_px
        report = evaluate_ferplus(model.weights, data, size_px=size, temperature=manifest.temperature)
        median_ms, tail_ms = milliseconds_per_face(model.weights, size_px=size)
        rows.append(
            f"| `{model.weights.name}` ({model.precision}) | {model.weights.stat().st_size / 1e6:.2f} MB "
            f"| {report.war:.4f} | {report.uar:.4f} | {report.ece:.4f} | {median_ms:.2f} ms | {tail_ms:.2f} ms |"
        )
    if manifest.int8 is not None:
        rows.append(f"\nint8 was calibrated on {manifest.int8.calibrated_on}.")
    return "\n".join(rows)
