"""Where models lie on this machine, and whether their files are what they should be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.manifest import MANIFEST_NAME, AnyManifest, Int8Weights, read_manifest
from realtime_fer.zoo.user_folder import models_folder

MODELS_VARIABLE = "REALTIME_FER_MODELS"
"""Environment variable with further model folders, separated like PATH; searched first."""


@dataclass(frozen=True)
class ShelvedModel:
    """A model folder that was found, and which of its weight files is meant (see `zoo.precision`)."""

    folder: Path
    manifest: AnyManifest
    precision: Literal["fp32", "int8"] = "fp32"

    @property
    def weights(self) -> Path:
        """The weight file to run."""
        return self.folder / (self._int8.file if self._int8 else self.manifest.file)

    @property
    def sha256(self) -> str:
        """Of that file."""
        return self._int8.sha256 if self._int8 else self.manifest.sha256

    @property
    def _int8(self) -> Int8Weights | None:
        return self.manifest.int8 if self.precision == "int8" else None


def shelves() -> list[Path]:
    """Folders that hold model folders, in the order they are searched: named ones, imported ones, shipped ones."""
    package = Path(__file__).resolve().parents[1]
    named = [Path(part) for part in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if part]
    # In a wheel the models lie inside the package; in a checkout, at its top level.
    return [folder for folder in (*named, models_folder(), package / "_models", package.parent / "models") if folder.is_dir()]


def model_folders() -> list[Path]:
    """Every folder with a manifest, whole or not, by its name; of two with one name that which is searched first."""
    found: dict[str, Path] = {}
    for shelf in shelves():
        for folder in sorted(shelf.iterdir()):
            if (folder / MANIFEST_NAME).is_file():
                found.setdefault(folder.name, folder)
    return [found[name] for name in sorted(found)]


def list_models() -> list[ShelvedModel]:
    """Every model here, by the name of its folder.

    Raises:
        ModelCorruptError: a manifest is broken.
    """
    return [ShelvedModel(folder, read_manifest(folder)) for folder in model_folders()]


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
    known = ", ".join(folder.name for folder in model_folders()) or "none"
    raise ModelNotFoundError(f"model {name!r}: expected one of the models here ({known}) or the path of a model folder")


def verify_model(model: ShelvedModel, *, sums: bool = True) -> None:
    """Compare the weight files with their manifest.

    Args:
        sums: False compares sizes alone; the sums of 14 GB take a minute.

    Raises:
        ModelNotFoundError: a file is missing.
        ModelCorruptError: size or SHA-256 of one differ.
    """
    manifest = model.manifest
    files = [(manifest.file, manifest.size_bytes, manifest.sha256)]
    files += [(further.file, further.size_bytes, further.sha256) for further in manifest.further_files]
    if manifest.int8 is not None:
        files.append((manifest.int8.file, manifest.int8.size_bytes, manifest.int8.sha256))
    for file, size_bytes, sha256 in files:
        _verify_file(model.folder / file, manifest.name, size_bytes, sha256 if sums else None)


def _verify_file(path: Path, name: str, size_bytes: int, sha256: str | None) -> None:
    """Compare one weight file of the model `name` with what its manifest says.

    Raises:
        ModelNotFoundError: the file is missing.
        ModelCorruptError: its size or SHA-256 differs.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: weights of {name} are missing; restore the model folder")
    size = path.stat().st_size
    if size != size_bytes:
        raise ModelCorruptError(
            f"{path}: expected {size_bytes} bytes, found {size}; the file is cut short or of another version"
        )
    if sha256 is None:
        return
    digest = sha256_of(path)
    if digest != sha256:
        raise ModelCorruptError(f"{path}: expected sha256 {sha256}, found {digest}; restore the file")
