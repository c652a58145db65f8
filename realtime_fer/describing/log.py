"""What was described so far, one JSON object a line (JSON Lines); a run that was cut off goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_fer.describing.moments import MomentKey
from realtime_fer.errors import ReasoningError

_BEGINNING = b'{"name": '
"""Of each line; what begins otherwise is somebody else's file, not half a line of ours."""


class DescriptionLog:
    """Appends lines, each with one system call; whole lines of an earlier run stay, and half a line at the end goes.

    A picture that could not be read, or a face without an answer, is tried again: the last line about a picture counts. It is
    known by its name and what it holds, so that another of its name, from elsewhere or changed since, is asked about.

    Args:
        path: the file; made where there is none.
        reasoner, version: who is asked; a file with answers of another is refused.
        options: fingerprint of the reasoner's options.

    Attributes:
        done: what need not be asked about again.
        is_mixed: whether lines of before have other options. They stay: a longer time-out must not cost all answers.

    Raises:
        ReasoningError: the file cannot be read or written, is another kind of file, or holds answers of another reasoner.
    """

    def __init__(self, path: Path, *, reasoner: str, version: str, options: str) -> None:
        self._path = path
        self._options = options
        self._problems: dict[MomentKey, object] = {}
        self.done: set[MomentKey] = set()
        self.is_mixed = False
        try:
            earlier = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise self._cannot_write(error) from error
        whole = earlier[: earlier.rfind(b"\n") + 1]
        rest = earlier[len(whole) :]
        if not rest.startswith(_BEGINNING[: len(rest)]):
            raise self._another_file(rest)
        for line in whole.splitlines():
            self._note(line, reasoner, version)
        try:
            self._file = path.open("ab", buffering=0)
            self._file.truncate(len(whole))
        except OSError as error:
            raise self._cannot_write(error) from error

    def write(self, values: Mapping[str, Any]) -> None:
        """Append one line, see `described_moment.moment_values`; not where the last about a broken picture said the same.

        Raises:
            ReasoningError: the disk is full or gone.
        """
        key = values["name"], values["frame_id"], values["fingerprint"]
        if values["problem"] is not None and values["problem"] == self._problems.get(key):
            return
        line = memoryview(json.dumps(values, allow_nan=False).encode() + b"\n")
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise self._cannot_write(error) from error

    def close(self) -> None:
        """Close the file; may be called again."""
        self._file.close()

    def __enter__(self) -> DescriptionLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _note(self, line: bytes, reasoner: str, version: str) -> None:
        try:
            values = json.loads(line)
            # Without one, as earlier versions wrote it: no picture has this key, so all are asked about again.
            key = str(values["name"]), int(values["frame_id"]), str(values.get("fingerprint", ""))
            who = values["reasoner"], values["version"]
            failed = values["problem"] is not None or any(face["error"] is not None for face in values["faces"])
        except (ValueError, TypeError, KeyError) as error:
            raise self._another_file(line) from error
        if who != (reasoner, version):
            raise ReasoningError(
                f"{self._path}: expected descriptions by {reasoner} ({version}), found some by {who[0]} ({who[1]}); "
                "name another file"
            )
        (self.done.discard if failed else self.done.add)(key)
        self._problems[key] = values["problem"]
        self.is_mixed |= values.get("options", self._options) != self._options

    def _another_file(self, found: bytes) -> ReasoningError:
        return ReasoningError(
            f"{self._path}: expected descriptions, one JSON object a line, found {found[:60]!r}; name another file"
        )

    def _cannot_write(self, error: OSError) -> ReasoningError:
        reason = error.strerror or os.strerror(error.errno or 0)
        return ReasoningError(f"{self._path}: descriptions cannot be kept there ({reason}); try a path in an existing folder")
