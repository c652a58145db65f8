"""Classifiers whose weights are their authors' and not shipped: what `--classifier NAME --weights FILE` means."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelNotFoundError, ModelShapeError
from realtime_fer.zoo import emotion_gcn
from realtime_fer.zoo.manifest import MANIFEST_NAME, ExpressionManifest, read_manifest
from realtime_fer.zoo.shelf import find_model

FMPN: Final = "fmpn"

SYSTEMS: Final = (emotion_gcn.NAME, FMPN)


def classifier_name(name: str, weights: Path | None) -> str:
    """What `shelf.find_model` is asked for, once a weight file of the user's own is taken into account.

    Args:
        name: of the classifier, as set.
        weights: file or model folder for it; None for a model on the shelf.

    Returns:
        `name`, or the path of a model folder.

    Raises:
        SettingsError: weights for a classifier that brings its own.
        ModelNotFoundError: no weights, or none at that path, for a classifier that needs them.
        ModelShapeError: the weights are of another system.
        ModelError, MissingExtraError: see `emotion_gcn.emotion_gcn_folder`.
    """
    found = _fmpn_name(weights) if name == FMPN else emotion_gcn.classifier_name(name, weights)
    if weights is not None:
        _require_system(Path(found), weights, name)
    return found


def _fmpn_name(weights: Path | None) -> str:
    if weights is None:
        try:
            find_model(FMPN)
        except ModelNotFoundError as error:
            raise ModelNotFoundError(
                "no weights of fmpn are shipped; import some (realtime-fer models show fmpn), or give --weights, a model folder"
            ) from error
        return FMPN
    if (weights / MANIFEST_NAME).is_file():
        return str(weights)
    if weights.suffix == ".onnx" and weights.is_file():
        emotion_gcn.require_named_in_manifest(weights, FMPN)
        return str(weights.parent)
    raise ModelNotFoundError(
        f"{weights}: expected a model folder or the ONNX file in one, found neither; make one with: realtime-fer export fmpn"
    )


def _require_system(folder: Path, weights: Path, wanted: str) -> None:
    manifest = read_manifest(folder)
    if not isinstance(manifest, ExpressionManifest):
        return  # whoever opens it says what it is instead
    # Folders made before the manifest named the system tell it by the model's name, if at all.
    told: str | None = manifest.system
    system = told or next((system for system in SYSTEMS if manifest.name.startswith(system)), wanted)
    if system != wanted:
        raise ModelShapeError(f"{weights}: expected weights of {wanted}, found those of {system}; give --classifier {system}")
