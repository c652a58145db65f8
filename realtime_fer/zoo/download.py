"""One file over HTTP: begun, broken off, gone on with, verified, and only then under its name.

A part that is here is gone on with by Range and If-Range: a server whose file changed, or that knows no ranges, sends the
whole file and it is begun anew (RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import errno
import http.client
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from realtime_fer.errors import ModelCorruptError, ModelError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.first_seen import other_bytes
from realtime_fer.zoo.hardware import in_units
from realtime_fer.zoo.http_errors import BY_HAND, NoWayThereError, PassingError, RangeRefusedError, shown, translated
from realtime_fer.zoo.http_get import Answer, get
from realtime_fer.zoo.part_file import PartFile, validator_of, whole_number
from realtime_fer.zoo.whole_file import Fetched, other_size, require_plain

TIMEOUT_S: Final = 30.0
ATTEMPTS: Final = 5
"""In a row without a single byte more."""
FIRST_WAIT_S: Final = 1.0
"""Before the second attempt; doubled for each further one."""
MAX_WAIT_S: Final = 60.0
CHUNK_BYTES: Final = 1 << 18
SPARE_BYTES: Final = 64_000_000
"""Left free on the disk."""

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Progress(Protocol):
    """Told how far a file is."""

    def at(self, name: str, done: int, total: int | None) -> None:
        """So many bytes of a file are here; a smaller number than before means that it was begun anew."""

    def say(self, line: str) -> None:
        """Something a user should read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, and what is known of it beforehand.

    Attributes:
        about_bytes: its rounded size.
        sha256_starts: the first digits of its SHA-256.
        first_sha256, record: SHA-256 when it was first fetched, and the file that says so.
    """

    url: str
    target: Path
    size_bytes: int | None = None
    about_bytes: int | None = None
    sha256: str | None = None
    sha256_starts: str | None = None
    first_sha256: str | None = None
    record: Path | None = None


def download(
    wanted: Wanted,
    progress: Progress,
    *,
    timeout_s: float = TIMEOUT_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch a file, going on where an earlier call stopped.

    Args:
        wanted: its folder must be there.
        timeout_s: without a single byte; then it is tried again.
        sleep: waits between attempts.

    Raises:
        ModelNotFoundError, SettingsError: as `http_get.get`.
        ModelCorruptError: size or SHA-256 are not what they should be; what came is thrown away.
        ModelError: the network failed for good, or the disk is full. What came is kept for the next call.
    """
    part = PartFile(wanted.target, wanted.url)
    while True:
        gone_on = part.size > 0
        _complete(wanted, part, progress, timeout_s, sleep)
        try:
            return _verified(wanted, part, progress)
        except ModelCorruptError:
            part.clear()
            if not gone_on:
                raise
            # Perhaps only the older half is wrong, from a machine that lost power.
            progress.say(f"{wanted.target.name}: is not whole; fetched anew")


def _complete(wanted: Wanted, part: PartFile, progress: Progress, timeout_s: float, sleep: Callable[[float], None]) -> None:
    failures, answered = 0, False
    while True:
        before = part.size
        try:
            if part.total is not None and part.size == part.total:
                return
            headers = {"Range": f"bytes={before}-", "If-Range": part.validator} if before and part.validator else {}
            answer = get(wanted.url, headers, timeout_s)
            answered = True
            with answer.body:
                _take(wanted, part, answer, progress, timeout_s)
            return
        except RangeRefusedError:
            part.clear()
            failures += 1
            if failures >= ATTEMPTS:
                raise
        except (PassingError, NoWayThereError) as error:
            if isinstance(error, NoWayThereError) and not answered:
                raise
            failures = 1 if part.size > before else failures + 1
            asked = error.wait_s if isinstance(error, PassingError) else None
            wait_s = FIRST_WAIT_S * 2 ** (failures - 1) if asked is None else asked
            if failures >= ATTEMPTS or wait_s > MAX_WAIT_S:
                raise
            progress.say(f"{wanted.target.name}: {_short(error)}; again in {wait_s:g} s (attempt {failures + 1} of {ATTEMPTS})")
            sleep(wait_s)


def _take(wanted: Wanted, part: PartFile, answer: Answer, progress: Progress, timeout_s: float) -> None:
    """Read an answer to its end into the part."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise ModelError(f"{shown(wanted.url)}: comes compressed though it was asked for as it is; {BY_HAND}")
    if answer.headers.get_content_type() == "text/html":
        raise ModelError(f"{shown(wanted.url)}: a web page came, not the file; is there a log-in page in between? {BY_HAND}")
    if answer.status == 206 and not _continues(part, answer):
        part.clear()
        raise PassingError(f"{shown(wanted.url)}: the server went on with another file", 0.0)
    try:
        if answer.status != 206:
            part.begin(answer.headers, answer.sha256)
        _require_known_end(wanted, part, answer)
        _require_expected_size(wanted, part.total)
        _require_room(wanted, part)
        done = part.size
        progress.at(wanted.target.name, done, part.total)
        with part.path.open("ab") as file:
            while done != part.total and (chunk := _read(answer, wanted.url, timeout_s)):
                file.write(chunk)
                done += len(chunk)
                # Before the report, so that an interrupt there loses nothing.
                file.flush()
                progress.at(wanted.target.name, done, part.total)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ModelError(f"{part.path}: cannot be written ({error.strerror}); give another folder with --to") from error
        raise _no_room(wanted, part, None) from error
    if part.total is not None and done < part.total:
        raise PassingError(f"{shown(wanted.url)}: the connection broke after {done} of {part.total} bytes")
    if part.total is not None and done > part.total:
        part.clear()
        raise ModelCorruptError(f"{shown(wanted.url)}: sent more than the {part.total} bytes it announced; {BY_HAND}")
    part.total = done


def _read(answer: Answer, url: str, timeout_s: float) -> bytes:
    try:
        # What has come, however little: a connection that breaks in the middle of a chunk would lose it.
        return answer.body.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise translated(url, error, timeout_s) from error


def _continues(part: PartFile, answer: Answer) -> bool:
    """Whether a partial answer begins where the part ends, and is of the same file."""
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != part.size:
        return False
    total = whole_number(match[3])
    same = validator_of(answer.headers) in (None, part.validator)
    if part.total is None:
        part.total = total
    return same and total in (None, part.total)


def _require_known_end(wanted: Wanted, part: PartFile, answer: Answer) -> None:
    chunked = "chunked" in answer.headers.get("Transfer-Encoding", "")
    if part.total is None and not chunked and wanted.sha256 is None and wanted.size_bytes is None:
        raise ModelError(f"{shown(wanted.url)}: the server does not say where the file ends; {BY_HAND}")


def _require_expected_size(wanted: Wanted, total: int | None) -> None:
    other = None if total is None else other_size(wanted.size_bytes, wanted.about_bytes, total)
    if other is not None:
        raise ModelCorruptError(
            f"{shown(wanted.url)}: expected {other}, the server has {total} bytes; "
            f"was the file replaced? look at the page, {BY_HAND}"
        )


def _require_room(wanted: Wanted, part: PartFile) -> None:
    if part.total is None:
        return
    free = shutil.disk_usage(wanted.target.parent).free
    if part.total - part.size + SPARE_BYTES > free:
        raise _no_room(wanted, part, free)


def _no_room(wanted: Wanted, part: PartFile, free: int | None) -> ModelError:
    left = "" if part.total is None else f", {in_units(part.total - part.size)} to come"
    is_free = "" if free is None else f", {in_units(free)} free"
    return ModelError(
        f"{wanted.target.parent}: no room for {wanted.target.name}{left}{is_free}; make room and give the same command, "
        "which goes on, or another folder with --to"
    )


def _verified(wanted: Wanted, part: PartFile, progress: Progress) -> Fetched:
    _require_expected_size(wanted, part.size)
    progress.say(f"{wanted.target.name}: verifying {in_units(part.size)}")
    found = Fetched(part.size, sha256_of(part.path), wanted.url)
    for whose, expected in (("the catalogue", wanted.sha256), ("the publisher", part.sha256)):
        if expected is not None and found.sha256 != expected:
            raise ModelCorruptError(
                f"{wanted.target.name}: expected sha256 {expected} ({whose}), found {found.sha256}; thrown away; "
                "was the file replaced, or changed on the way?"
            )
    if wanted.sha256_starts is not None and not found.sha256.startswith(wanted.sha256_starts):
        raise ModelCorruptError(
            f"{wanted.target.name}: expected a sha256 that starts with {wanted.sha256_starts}, found {found.sha256}"
        )
    if wanted.first_sha256 is not None and found.sha256 != wanted.first_sha256 and wanted.record is not None:
        raise ModelCorruptError(other_bytes(wanted.target.name, wanted.first_sha256, found.sha256, wanted.record))
    require_plain(part.path)
    part.finish()
    return found


def _short(error: Exception) -> str:
    """What happened, without the address and what to try."""
    return str(error).partition("; ")[0].partition(": ")[2]
