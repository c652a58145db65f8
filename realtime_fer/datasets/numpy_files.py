"""Arrays out of npy and npz files. Arrays of objects, which are pickles and could run code, are never opened."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError

Array = npt.NDArray[np.generic]

# What numpy and zipfile raise over damaged files; MemoryError where one claims to be larger than memory.
_BROKEN = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npy(path: Path, what: str, advice: str) -> Array:
    """The array of an npy file.

    Args:
        what: the file's content, for errors ("an array of AffectNet's annotations").
        advice: what to try where it cannot be read.

    Raises:
        DatasetError: the file is missing, damaged or of another kind.
    """
    with _translated(path, what, advice):
        return np.asarray(np.load(path, allow_pickle=False))


def read_npz(path: Path, names: Collection[str], what: str, advice: str) -> dict[str, Array]:
    """Those arrays of an npz file that are wanted and there; others may be anything, and are not read.

    Args:
        names: which are wanted.
        what, advice: see `read_npy`.

    Raises:
        DatasetError: the file is missing, damaged or of another kind, or holds none of these arrays; it says which it holds.
    """
    with _translated(path, what, advice), path.open("rb") as file:
        # Not numpy.load alone, which takes npy files and pickles too.
        with zipfile.ZipFile(file) as archive:
            there = archive.namelist()
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in arrays.files if name in names}
    if found:
        return found
    if not any(name.endswith(".npy") for name in there):
        raise DatasetError(f"{path}: expected {what}, found a zip archive with {_few(there)}; unpack it and name what is in it")
    others = _few([name.removesuffix(".npy") for name in there])
    raise DatasetError(f"{path}: expected {what}, with arrays {', '.join(names)}, found {others}; {advice}")


@contextmanager
def _translated(path: Path, what: str, advice: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        # numpy's own words would advise loading pickles.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or another kind of file"
        if str(error).startswith("Object arrays"):
            reason = "it holds an array of objects, which is a pickle and was not opened"
        raise DatasetError(f"{path}: expected {what}, found none that can be read ({reason}); {advice}") from error


def _few(names: list[str]) -> str:
    return ", ".join(sorted(names)[:5]) + (" and more" if len(names) > 5 else "") or "nothing"
