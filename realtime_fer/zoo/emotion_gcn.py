"""The published Emotion-GCN, whose weights are not shipped: from the file a user has to a model folder.

An exported ONNX file is used as it is. A checkpoint of torch is exported once into the user's cache (extra `train`); later
starts find it there, and need no torch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelError, ModelNotFoundError, SettingsError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.networks.emotion_gcn.word_embeddings import find_beside
from realtime_fer.zoo.manifest import MANIFEST_NAME, read_manifest
from realtime_fer.zoo.shelf import find_model, verify_model

NAME: Final = "emotion-gcn"

CACHE_FORMAT: Final = "1"
"""Raised when the export changes, so that what an older version left is not used."""

_DIGITS: Final = 16


def classifier_name(name: str, weights: Path | None) -> str:
    """What `shelf.find_model` is asked for, once a weight file of the user's own is taken into account.

    Args:
        name: of the classifier, as set.
        weights: file or model folder for it; None for a model on the shelf.

    Returns:
        `name`, or the path of the model folder made of `weights`.

    Raises:
        SettingsError: weights for a classifier that brings its own.
        ModelNotFoundError: Emotion-GCN without weights, none being on the shelf; or as `emotion_gcn_folder`.
        ModelError, MissingExtraError: as `emotion_gcn_folder`.
    """
    if weights is not None:
        if name != NAME:
            raise SettingsError(f"classifier {name!r} has weights of its own; --weights goes with --classifier {NAME}")
        return str(emotion_gcn_folder(weights))
    if name == NAME:
        try:
            find_model(name)
        except ModelNotFoundError as error:
            raise ModelNotFoundError(
                f"the weights of {NAME} are their authors' and not shipped; give --weights FILE, "
                f"or import them (realtime-fer models show {NAME}; docs/emotion-gcn.md)"
            ) from error
    return name


def emotion_gcn_folder(weights: Path) -> Path:
    """The model folder of a weight file.

    Args:
        weights: a model folder, the ONNX file in one, or a checkpoint of torch (taken as trained on AffectNet, at that
            data set's size; `realtime-fer export emotion-gcn` has options for others).

    Raises:
        ModelNotFoundError: nothing is there; an ONNX file without its manifest; a graph without its word embeddings.
        ModelError: a file is corrupt, or of another network.
        MissingExtraError: a checkpoint that was not exported yet, without torch.
    """
    if (weights / MANIFEST_NAME).is_file():
        return weights
    if not weights.is_file():
        raise ModelNotFoundError(f"{weights}: expected weights of {NAME} (.onnx, .pt, .pth or a model folder), found no file")
    if weights.suffix == ".onnx":
        require_named_in_manifest(weights, NAME)
        return weights.parent
    folder = _cache_folder(weights)
    if not _is_whole(folder):
        from realtime_fer.training.emotion_gcn.export import export_emotion_gcn

        export_emotion_gcn(weights, folder)
    return folder


def require_named_in_manifest(weights: Path, system: str) -> None:
    """Raise ModelNotFoundError unless an ONNX file is the one that the manifest beside it describes."""
    if not (weights.parent / MANIFEST_NAME).is_file():
        raise ModelNotFoundError(
            f"{weights}: expected the {MANIFEST_NAME} that `realtime-fer export {system}` wrote beside it, found none; "
            "it says how faces are cut and what the outputs mean"
        )
    named = read_manifest(weights.parent).file
    if named != weights.name:
        raise ModelNotFoundError(f"{weights}: the {MANIFEST_NAME} beside it is that of {named}; give each model its own folder")


def _is_whole(folder: Path) -> bool:
    if not (folder / MANIFEST_NAME).is_file():
        return False
    try:
        verify_model(find_model(str(folder)))
    except ModelError:  # whatever is wrong with it, it is made anew
        return False
    return True


def _cache_folder(weights: Path) -> Path:
    """One folder for each content of weights and word embeddings."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    embeddings = find_beside(weights)
    words = "none" if embeddings is None else sha256_of(embeddings)[:_DIGITS]
    return cache / "realtime-fer" / f"{NAME}-{CACHE_FORMAT}-{sha256_of(weights)[:_DIGITS]}-{words}"
