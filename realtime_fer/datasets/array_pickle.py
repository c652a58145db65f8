"""Pickles of numpy arrays, and of records of them, without calling numpy or the records' own classes.

What numpy writes into a pickle to rebuild an array (a function to call, a type, a state) is given to stand-ins of this file,
which check it and make the array from its bytes. A record becomes a `Record`: its attributes, nothing else.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from realtime_fer.datasets.plain_pickle import load_pickle, refuse
from realtime_fer.errors import DatasetError

NUMBER_TYPES: Final = frozenset(
    {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"},
)

_NUMPY_MODULES: Final = frozenset(
    {"numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric"},
)
"""Before numpy 2, and since."""


class Record:
    """An object of a pickle: `fields` holds its attributes."""

    __slots__ = ("fields",)

    fields: dict[str, Any]

    def __new__(cls) -> Record:
        # Not in __init__, which unpickling leaves out.
        record = super().__new__(cls)
        record.fields = {}
        return record

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise ValueError(f"expected the attributes of a record, found {type(state).__name__}")
        self.fields = state


def load_array_pickle(path: Path, what: str, records: frozenset[tuple[str, str]] = frozenset()) -> Any:
    """A pickle of plain values and arrays of numbers; arrays come as `numpy.ndarray`, numpy's numbers as Python's.

    Read are files of Python 2, and of Python 3 from protocol 3 on, which it has used unless told otherwise.

    Args:
        what: the file's content, for errors.
        records: classes whose objects come as `Record`, as module and name; none of them is imported.

    Raises:
        DatasetError: the file is missing or broken, or asks for anything else.
    """

    def find_global(module: str, name: str) -> Any:
        if (module, name) in records:
            # A class of its own for each file: nothing that a file does to it outlives the reading.
            return type("Record", (Record,), {"__slots__": ()})
        if module in _NUMPY_MODULES and name in _FUNCTIONS:
            return _FUNCTIONS[name]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return _ARRAY_TYPE if name == "ndarray" else _DTYPE
        return refuse(module, name)

    try:
        return _filled(load_pickle(path, what, find_global))
    except RecursionError as error:
        raise DatasetError(f"{path}: expected a pickle of {what}, found one that is nested without end") from error


class _NumberType:
    """Stands for a numpy.dtype."""

    __slots__ = ("dtype",)

    def __init__(self, code: str) -> None:
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise ValueError(f"expected a byte order, found {order!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for an array until its state has come."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, number_type, fortran, content = state
        self.fill(content, number_type, shape, "F" if fortran else "C")

    def fill(self, content: Any, number_type: Any, shape: Any, order: Any) -> None:
        if (
            not isinstance(number_type, _NumberType)
            or not isinstance(content, bytes | bytearray | str)
            or order not in ("C", "F")
        ):
            raise TypeError("expected an array of numbers")
        data = content.encode("latin1") if isinstance(content, str) else content
        shape = tuple(int(side) for side in shape)
        if min(shape, default=0) < 0 or math.prod(shape) * number_type.dtype.itemsize != len(data):
            raise ValueError(f"expected an array of shape {shape}, found {len(data)} bytes")
        flat = np.frombuffer(data, number_type.dtype)
        self.values = flat.reshape(shape, order=order).astype(number_type.dtype.newbyteorder("="))


class _DTypeFactory:
    """Stands for the class numpy.dtype."""

    __slots__ = ()

    def __call__(self, code: Any, *_: Any) -> _NumberType:
        if code not in NUMBER_TYPES:
            raise ValueError(f"expected a type of numbers, found {code!r}")
        return _NumberType(code)


class _Reconstruct:
    """Stands for the function that makes an empty array."""

    __slots__ = ()

    def __call__(self, kind: Any, *_: Any) -> _Array:
        if kind is not _ARRAY_TYPE:
            raise ValueError("expected a plain array")
        return _Array()


class _FromBuffer:
    """Stands for the function that makes an array from bytes, as pickles of protocol 5 have it."""

    __slots__ = ()

    def __call__(self, content: Any, number_type: Any, shape: Any, order: Any) -> _Array:
        array = _Array()
        array.fill(content, number_type, shape, order)
        return array


class _Scalar:
    """Stands for the function that makes one of numpy's numbers."""

    __slots__ = ()

    def __call__(self, number_type: Any, content: Any) -> Any:
        if not isinstance(number_type, _NumberType):
            raise TypeError("expected a number")
        data = content.encode("latin1") if isinstance(content, str) else content
        return np.frombuffer(data, number_type.dtype, count=1)[0].item()


# Instances without attributes, so that a pickle cannot change them.
_ARRAY_TYPE: Final = object()
_DTYPE: Final = _DTypeFactory()
_FUNCTIONS: Final = MappingProxyType({"_reconstruct": _Reconstruct(), "_frombuffer": _FromBuffer(), "scalar": _Scalar()})


def _filled(value: Any) -> Any:
    """The value with arrays in place of their stand-ins."""
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_filled(item) for item in value)
    if isinstance(value, Record):
        value.fields = {name: _filled(item) for name, item in value.fields.items()}
    return value
