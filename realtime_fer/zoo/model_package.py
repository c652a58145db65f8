"""Carry a model folder to another machine: copied or packed, and compared after."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.folder_lock import locked
from realtime_fer.zoo.manifest import MANIFEST_NAME
from realtime_fer.zoo.shelf import ShelvedModel, find_model, verify_model
from realtime_fer.zoo.whole_file import copy_whole

TEXTS: Final = ("CARD.md", "NOTES.md", "LICENSE", "LICENSE.md", "NOTICE")
"""Taken along where they are."""

MAX_MEMBERS: Final = 1000
_CHUNK: Final = 1 << 20


def package_files(model: ShelvedModel) -> list[str]:
    """Names of the files that make up a model, its manifest last."""
    manifest = model.manifest
    names = [manifest.file, *(further.file for further in manifest.further_files)]
    if manifest.int8 is not None:
        names.append(manifest.int8.file)
    texts = [name for name in TEXTS if (model.folder / name).is_file()]
    return [*dict.fromkeys((*names, *texts)), MANIFEST_NAME]


def export_model(model: ShelvedModel, to: Path) -> Path:
    """Verify a model, copy or pack it, and verify what was written.

    Args:
        to: a folder, which gets a sub-folder with the model's name; or a file that ends in .zip.

    Returns:
        The model folder or the file.

    Raises:
        ModelNotFoundError, ModelCorruptError: the model is not whole, or what was written does not read back equal.
        ModelError: something is there already, or nothing can be written there.
    """
    verify_model(model)
    name = model.folder.resolve().name
    target = to if to.suffix == ".zip" else to / name
    if target.exists():
        raise ModelError(f"{target}: is there already; remove it, or name another place with --to")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if to.suffix == ".zip":
            _pack(model, name, target)
        else:
            target.mkdir()
            try:
                _copy(model.folder, package_files(model), target)
                verify_model(find_model(str(target)))
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
    except OSError as error:
        raise ModelError(f"{target}: cannot be written ({error.strerror}); is there room there?") from error
    return target


def take_over(package: Path, out: Path, *, replace: bool = False) -> Path:
    """A model folder or packed file of another machine, verified, into a folder of its own.

    Raises:
        ModelNotFoundError: it holds no model.
        ModelCorruptError: it is not whole, or the file is no package.
        ModelError: `out` is there already, holds something else or has no room, or another process works on it.
    """
    out = out.resolve()  # a link to a larger disk stays one
    with locked(out):
        if (out / MANIFEST_NAME).exists():
            if not replace:
                raise ModelError(f"{out}: is there already; give --replace to import it anew")
        elif out.exists() and any(out.iterdir()):
            raise ModelError(f"{out}: expected a new folder or a model's, found other files; remove them, or name another --to")
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".import-") as draft:
            folder = package
            if package.is_file():
                folder = Path(draft) / "unpacked"
                _unpack(package, folder)
            if not (folder / MANIFEST_NAME).is_file():
                raise ModelNotFoundError(f"{package}: expected what `models export` wrote, found no {MANIFEST_NAME}")
            model = find_model(str(folder))
            verify_model(model)
            whole = Path(draft) / "whole"
            whole.mkdir()
            _copy(folder, package_files(model), whole)
            verify_model(find_model(str(whole)))
            if out.exists():
                os.replace(out, Path(draft) / "older")
            os.replace(whole, out)
    return out


def is_package(path: Path) -> bool:
    """Whether it is what `export_model` wrote, as far as its name and manifest tell."""
    if path.is_dir():
        return (path / MANIFEST_NAME).is_file()
    try:
        # Checkpoints of torch are zip archives too.
        with zipfile.ZipFile(path) as archive:
            return any(member.rpartition("/")[2] == MANIFEST_NAME for member in archive.namelist()[:MAX_MEMBERS])
    except zipfile.BadZipFile:
        return path.suffix == ".zip"  # cut short, which unpacking says


def _copy(folder: Path, names: list[str], target: Path) -> None:
    for name in names:
        _require_plain_name(name, folder)
        copy_whole(folder / name, target / name, sha256_of(folder / name))


def _pack(model: ShelvedModel, name: str, target: Path) -> None:
    draft = target.with_name(target.name + ".part")
    try:
        # Weights do not get smaller by packing.
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for file in package_files(model):
                _require_plain_name(file, model.folder)
                archive.write(model.folder / file, f"{name}/{file}")
        with zipfile.ZipFile(draft) as archive:
            for file in package_files(model):
                if _member_sha256(archive, f"{name}/{file}") != sha256_of(model.folder / file):
                    raise ModelCorruptError(f"{target}: {file} does not read back equal; is the disk sound?")
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _unpack(package: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with zipfile.ZipFile(package) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            parents = {member.filename.rpartition("/")[0] for member in members}
            if len(members) > MAX_MEMBERS or len(parents) != 1:
                raise ModelCorruptError(f"{package}: expected the files of one model folder, found those of {len(parents)}")
            for member in members:
                name = member.filename.rpartition("/")[2]
                _require_plain_name(name, package)
                with archive.open(member) as source, (folder / name).open("xb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, FileExistsError, RuntimeError) as error:
        raise ModelCorruptError(f"{package}: cannot be unpacked ({error}); carry it over again") from error
    except OSError as error:
        raise ModelError(f"{folder.parent}: cannot be unpacked into ({error.strerror}); is there room there?") from error


def _member_sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _require_plain_name(name: str, where: Path) -> None:
    """A name with a folder in it would lead out of the model's."""
    if Path(name).name != name or name in ("", ".", "..") or "\\" in name:
        raise ModelCorruptError(f"{where}: {name!r} is no plain file name")
