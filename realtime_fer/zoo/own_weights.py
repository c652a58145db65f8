"""Classifiers whose weights are their authors' and not shipped: what `--classifier NAME --weights FILE` means."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.zoo import emotion_gcn
from realtime_fer.zoo.manifest import MANIFEST_NAME
from realtime_fer.zoo.shelf import find_model

FMPN: Final = "fmpn"


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
        ModelError, MissingExtraError: see `emotion_gcn.emotion_gcn_folder`.
    """
    if name != FMPN:
        return emotion_gcn.classifier_name(name, weights)
    if weights is None:
        try:
            find_model(name)
        except ModelNotFoundError as error:
            raise ModelNotFoundError(
                "no weights of fmpn are shipped; import some (realtime-fer models show fmpn), or give --weights, a model folder"
            ) from error
        return name
    for folder in (weights, weights.parent):
        if (folder / MANIFEST_NAME).is_file():
            return str(folder)
    raise ModelNotFoundError(
        f"{weights}: expected a model folder or the ONNX file in one, found no {MANIFEST_NAME} there; "
        "make one with: realtime-fer export fmpn"
    )
