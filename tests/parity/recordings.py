"""Reads one system's recordings, and notes what was read, so that what a test forgot can be named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.conftest import PARITY


class Arrays(Mapping[str, npt.NDArray[Any]]):
    """An .npz file that notes in `read` which of its arrays were taken."""

    def __init__(self, path: Path, read: set[str]) -> None:
        self._read = read
        with np.load(path) as file:
            self._arrays = dict(file)

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        self._read.add(key)
        return self._arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class Recordings:
    """The folder of one system.

    Attributes:
        folder: may be absent.
        opened: file name -> arrays read (empty for other files).
    """

    def __init__(self, system: str) -> None:
        self.folder = PARITY / system
        self.opened: dict[str, set[str]] = {}
        self._json: dict[str, Any] = {}
        self._arrays: dict[str, Arrays] = {}

    def read_json(self, name: str) -> Any:
        """A JSON file; an empty dictionary where this set has none."""
        path = self.folder / name
        if not path.is_file():
            return {}
        if name not in self._json:
            self.opened.setdefault(name, set())
            self._json[name] = json.loads(path.read_text(encoding="utf-8"))
        return self._json[name]

    def read_arrays(self, name: str) -> Arrays:
        """An .npz file."""
        if name not in self._arrays:
            self._arrays[name] = Arrays(self.folder / name, self.opened.setdefault(name, set()))
        return self._arrays[name]
