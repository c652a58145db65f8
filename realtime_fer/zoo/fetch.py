"""All files of an entry of the catalogue: fetched in turn, verified, recorded."""

from __future__ import annotations

from pathlib import Path

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.catalogue import Published, PublishedFile
from realtime_fer.zoo.download import TIMEOUT_S, Progress, Wanted, download
from realtime_fer.zoo.first_seen import FirstSeen
from realtime_fer.zoo.folder_lock import locked
from realtime_fer.zoo.user_folder import as_typed, fetched_folder


def require_fetchable(entry: Published) -> None:
    """Raise ModelNotFoundError, which says what to do instead, where an entry has no file with an address of its own."""
    if entry.nothing_published is not None:
        raise ModelNotFoundError(f"{entry.name}: {entry.nothing_published} See: realtime-fer models show {entry.name}")
    if entry.by_hand is not None:
        raise ModelNotFoundError(
            f"{entry.name}: {entry.by_hand.why}; take a browser to {entry.pages[-1]} "
            f"(which files and on which terms: realtime-fer models show {entry.name}), then: {as_typed(entry.import_command)}"
        )


def fetch(entry: Published, progress: Progress, folder: Path | None = None, *, timeout_s: float = TIMEOUT_S) -> Path:
    """Fetch what is not here yet; the caller has asked for consent to the licences.

    Args:
        folder: where to; None for the user's folder of that entry. Made if it is not there.

    Returns:
        The folder with all files, each whole.

    Raises:
        ModelNotFoundError: as `require_fetchable`, or an address is gone.
        ModelCorruptError: a file is not what the catalogue, its publisher or the first fetch says; it is not kept.
        ModelError: the network or the disk failed, or another process fetches the same.
    """
    require_fetchable(entry)
    folder = folder or fetched_folder(entry.name)
    with locked(folder):
        folder.mkdir(parents=True, exist_ok=True)
        seen = FirstSeen(entry.name)
        for number, file in enumerate(entry.files, 1):
            where = f"({number} of {len(entry.files)})"
            if _is_here(file, folder / file.name, seen):
                progress.say(f"{file.name}: already here, and whole {where}")
                continue
            progress.say(f"{file.name}: from {file.url} {where}")
            found = download(_wanted(file, folder, seen), progress, timeout_s=timeout_s)
            first = seen.accept(file.name, found)
            how = "recorded; later ones must be the same" if first else "as at first"
            progress.say(f"{file.name}: {found.size_bytes} bytes, sha256 {found.sha256}, {how}")
    return folder


def is_fetched(entry: Published, folder: Path | None = None) -> bool:
    """Whether every file is there under its name, which only verified ones get."""
    folder = folder or fetched_folder(entry.name)
    return bool(entry.files) and all((folder / file.name).is_file() for file in entry.files)


def verify_fetched(entry: Published, folder: Path | None = None) -> list[tuple[str, str]]:
    """Compare the files with the catalogue and the record.

    Returns:
        For each file its name and SHA-256.

    Raises:
        ModelNotFoundError: one is not there, or nothing is known of it to compare with.
        ModelCorruptError: one is not as it was.
    """
    folder = folder or fetched_folder(entry.name)
    seen = FirstSeen(entry.name)
    lines = []
    for file in entry.files:
        path = folder / file.name
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: is missing; try: realtime-fer models fetch {entry.name}")
        digest, expected = sha256_of(path), _expected(file, seen)
        if expected is None:
            raise ModelNotFoundError(
                f"{path}: nothing to compare it with, {seen.path} says nothing of it; remove the file and fetch it again"
            )
        if digest != expected:
            raise ModelCorruptError(f"{path}: expected sha256 {expected}, found {digest}; remove it and fetch it again")
        lines.append((file.name, digest))
    return lines


def _expected(file: PublishedFile, seen: FirstSeen) -> str | None:
    recorded = seen.files.get(file.name)
    return file.sha256 or (recorded.sha256 if recorded else None)


def _is_here(file: PublishedFile, path: Path, seen: FirstSeen) -> bool:
    expected = _expected(file, seen)
    return path.is_file() and expected is not None and sha256_of(path) == expected


def _wanted(file: PublishedFile, folder: Path, seen: FirstSeen) -> Wanted:
    recorded = seen.files.get(file.name)
    return Wanted(
        url=file.url,
        target=folder / file.name,
        size_bytes=file.size_bytes,
        about_bytes=file.about_bytes,
        sha256=file.sha256,
        sha256_starts=file.sha256_starts,
        first_sha256=recorded.sha256 if recorded else None,
        record=seen.path,
    )
