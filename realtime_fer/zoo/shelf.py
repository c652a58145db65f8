"""Where models lie on this machine, and whether their files are what they should be."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.zoo.manifest import MANIFEST_NAME, DetectorManifest, ExpressionManifest, read_manifest

MODELS_VARIABLE = "REALTIME_FER_MODELS"
"""Environment variable with further model folders, separated like PATH; searched first."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class ShelvedModel:
    """A model folder that was found."""

    folder: Path
    manifest: ExpressionManifest | DetectorManifest

    @property
    def weights(self) -> Path:
        """The weight file the manifest names."""
        return self.folder / self.manifest.file


def shelves() -> list[Path]:
    """Folders that hold model folders, in the order they are searched."""
    package = Path(__file__).resolve().parents[1]
    named = [Path(part) for part in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if part]
    # In a wheel the models lie inside the package; in a checkout, at its top level.
    return [folder for folder in (*named, package / "_models", package.parent / "models") if folder.is_dir()]


def list_models() -> list[ShelvedModel]:
    """Every model on the shelves, by name; the first shelf wins where two hold the same name.

    Raises:
        ModelCorruptError: a manifest is broken.
    """
    found: dict[str, ShelvedModel] = {}
    for shelf in shelves():
        for folder in sorted(shelf.iterdir()):
            if (folder / MANIFEST_NAME).is_file():
                found.setdefault(folder.name, ShelvedModel(folder, read_manifest(folder)))
    return [found[name] for name in sorted(found)]


def find_model(name: str) -> ShelvedModel:
    """The model of that name, or the model folder at that path.

    Raises:
        ModelNotFoundError: the message lists the names there are.
        ModelCorruptError: its manifest is broken.
    """
    if (Path(name) / MANIFEST_NAME).is_file():
        return ShelvedModel(Path(name), read_manifest(Path(name)))
    for shelf in shelves():
        if (shelf / name / MANIFEST_NAME).is_file():
            return ShelvedModel(shelf / name, read_manifest(shelf / name))
    known = ", ".join(model.manifest.name for model in list_models()) or "none"
    raise ModelNotFoundError(f"model {name!r}: expected one of the shipped models ({known}) or the path of a model folder")


def verify_model(model: ShelvedModel) -> None:
    """Compare the weight file with its manifest.

    Raises:
        ModelNotFoundError: the file is missing.
        ModelCorruptError: its size or SHA-256 differs.
    """
    expected = model.manifest
    if not model.weights.is_file():
        raise ModelNotFoundError(f"{model.weights}: weights of {expected.name} are missing; restore the model folder")
    size = model.weights.stat().st_size
    if size != expected.size_bytes:
        raise ModelCorruptError(
            f"{model.weights}: expected {expected.size_bytes} bytes, found {size}; the file is cut short or of another version"
        )
    digest = sha256_of(model.weights)
    if digest != expected.sha256:
        raise ModelCorruptError(f"{model.weights}: expected sha256 {expected.sha256}, found {digest}; restore the file")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
