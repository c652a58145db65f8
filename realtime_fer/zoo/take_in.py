"""Files of an entry that were fetched by hand: compared, recorded and put where fetched ones lie."""

from __future__ import annotations

from pathlib import Path

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.catalogue import Published, PublishedFile
from realtime_fer.zoo.download import Progress
from realtime_fer.zoo.first_seen import FirstSeen
from realtime_fer.zoo.folder_lock import locked
from realtime_fer.zoo.user_folder import fetched_folder
from realtime_fer.zoo.whole_file import Fetched, copy_whole, other_size, require_plain


def take_in(entry: Published, paths: list[Path], progress: Progress) -> Path:
    """Copy files into the user's folder of that entry, verified and recorded like fetched ones.

    Args:
        paths: files under their published names, or folders that hold them.

    Raises:
        ModelNotFoundError: a file of the entry is in none of them.
        ModelCorruptError: one is not what the catalogue or the record says; nothing of it is kept.
    """
    folder = fetched_folder(entry.name)
    with locked(folder):
        folder.mkdir(parents=True, exist_ok=True)
        seen = FirstSeen(entry.name)
        for file in entry.files:
            source = _source(file.name, paths)
            require_plain(source)
            size_bytes = source.stat().st_size
            other = other_size(file.size_bytes, file.about_bytes, size_bytes)
            if other is not None:
                raise ModelCorruptError(
                    f"{source}: expected {other}, found {size_bytes} bytes; is it cut short? fetch it again"
                )
            found = Fetched(size_bytes, sha256_of(source), "by hand")
            _require_as_published(file, source, found)
            seen.accept(file.name, found)
            if not (folder / file.name).is_file() or not source.samefile(folder / file.name):
                copy_whole(source, folder / file.name, found.sha256)
            progress.say(f"{file.name}: {found.size_bytes} bytes, sha256 {found.sha256}")
    return folder


def _source(name: str, paths: list[Path]) -> Path:
    for path in paths:
        if path.is_file() and path.name == name:
            return path
        if (path / name).is_file():
            return path / name
    raise ModelNotFoundError(f"{name}: expected it among {', '.join(map(str, paths)) or 'the files given'}, found none")


def _require_as_published(file: PublishedFile, path: Path, found: Fetched) -> None:
    if file.sha256 is not None and found.sha256 != file.sha256:
        raise ModelCorruptError(f"{path}: expected sha256 {file.sha256}, found {found.sha256}; fetch it again")
    if file.sha256_starts is not None and not found.sha256.startswith(file.sha256_starts):
        raise ModelCorruptError(f"{path}: expected a sha256 that starts with {file.sha256_starts}, found {found.sha256}")
