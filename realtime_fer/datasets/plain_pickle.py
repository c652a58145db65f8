"""Pickles of plain values. A pickle can name any function of any module and have it called; here it can name none."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from realtime_fer.errors import DatasetError

FindGlobal = Callable[[str, str], Any]
"""From module and name, as the pickle gives them, to what stands for it; raises `RefusedGlobalError` for all others."""

# What a damaged or crafted stream makes the unpickler raise.
_BROKEN = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    RecursionError,
)


class RefusedGlobalError(pickle.UnpicklingError):
    """A pickle names a class or function that its kind of file has no need of."""


def refuse(module: str, name: str) -> NoReturn:
    """The `FindGlobal` that knows nothing."""
    raise RefusedGlobalError(f"it asks for {module}.{name}")


def load_pickle(path: Path, what: str, find_global: FindGlobal = refuse) -> Any:
    """The value in a pickle file; nothing it names is imported or called but what `find_global` returns.

    Strings of Python 2 are read as Latin-1, as the published code does.

    Args:
        what: the file's content, for errors ("FMPN's labels").
        find_global: refuses every name unless given.

    Raises:
        DatasetError: the file is missing or broken, or asks for something that was refused.
    """

    class Unpickler(pickle.Unpickler):
        def find_class(self, module_name: str, global_name: str, /) -> Any:
            return find_global(module_name, global_name)

    try:
        with path.open("rb") as file:
            return Unpickler(file, encoding="latin1").load()
    except OSError as error:
        raise DatasetError(f"{path}: expected a pickle of {what}, found none that can be read ({error})") from error
    except RefusedGlobalError as error:
        raise DatasetError(
            f"{path}: expected a pickle of {what}, found one that was not opened: {error}, which such a file has no need of; "
            f"get the file from its authors again"
        ) from error
    except _BROKEN as error:
        raise DatasetError(
            f"{path}: expected a pickle of {what}, found a file that cannot be read as one "
            f"({type(error).__name__}: {str(error)[:200]}); get it from its authors again"
        ) from error
