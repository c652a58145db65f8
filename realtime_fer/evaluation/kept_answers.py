"""Answers on disk as they come, one JSON line each, so that a long test can be broken off and taken up again.

The first line says what was asked of which model; answers of another test are never mixed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from realtime_fer.errors import DatasetError


class KeptAnswers:
    """A file of answers, opened for more. A context manager.

    Args:
        path: made where it is missing. A last line that was cut short is dropped.
        test: what makes an answer what it is: model, protocol, records, arithmetic.
        keys: that every answer has.

    Raises:
        DatasetError: it holds answers of another test, or cannot be read.
    """

    def __init__(self, path: Path, test: Mapping[str, Any], keys: tuple[str, ...]) -> None:
        self._answers: dict[str, dict[str, Any]] = {}
        whole = _whole_lines(path)
        if whole:
            self._read(path, whole, dict(test), keys)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = whole or [json.dumps({"test": dict(test)})]
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(path)
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def __enter__(self) -> KeptAnswers:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        self._file.close()

    def of(self, image: str) -> Mapping[str, Any] | None:
        """The answer about a picture; None where it has not been asked about."""
        return self._answers.get(image)

    def add(self, image: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer, on disk before this returns."""
        self._answers[image] = dict(answer)
        self._file.write(json.dumps({"image": image, **answer}, ensure_ascii=False) + "\n")
        self._file.flush()

    def _read(self, path: Path, lines: list[str], test: dict[str, Any], keys: tuple[str, ...]) -> None:
        try:
            header, *rows = map(json.loads, lines)
            found = header["test"]
            for row in rows:
                self._answers[row.pop("image")] = row
                if not set(keys) <= row.keys():
                    raise KeyError(f"one of {keys}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(f"{path}: expected lines of answers, found others ({error!r}); name another --out") from error
        differing = sorted(key for key in {*test, *found} if test.get(key) != found.get(key))
        if differing:
            told = "; ".join(f"{key} is {test.get(key)!r}, there {found.get(key)!r}" for key in differing)
            raise DatasetError(f"{path}: holds answers of another test ({told}); name another --out")


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file that were written to their end; none where there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); name another --out") from error
    return text[: text.rfind("\n") + 1].splitlines()
