"""A JSON list of records, read with one clear error for everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from realtime_fer.errors import DatasetError

SHOWN: Final = 3
"""Bad records described in an error; the others are counted."""

Record = TypeVar("Record")


class BadRecordError(Exception):
    """What is wrong with one record; `read_json_list` names the record."""


def read_json_list(path: Path, parse: Callable[[Mapping[str, Any]], Record]) -> list[Record]:
    """Read and check a whole file.

    Args:
        parse: one object to a record; raises `BadRecordError`.

    Raises:
        DatasetError: the file is missing, is no JSON list of objects, or has bad records; they are named by position (from 0).
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: expected a JSON list of records, found no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: expected a JSON list of records, found a file that cannot be read ({error})") from error
    if not isinstance(values, list) or not values:
        raise DatasetError(f"{path}: expected a JSON list of records, found {kind_of(values)}")
    records, bad = [], []
    for index, value in enumerate(values):
        try:
            if not isinstance(value, Mapping):
                raise BadRecordError(f"expected an object, found {kind_of(value)}")
            records.append(parse(value))
        except BadRecordError as error:
            bad.append(f"record {index}: {error}")
    if bad:
        others = f"; and {len(bad) - SHOWN} bad records more" if len(bad) > SHOWN else ""
        raise DatasetError(f"{path}: {'; '.join(bad[:SHOWN])}{others}, of {len(values)}")
    return records


def picture_name(value: Mapping[str, Any], key: str) -> str:
    """A path inside a folder of pictures.

    Raises:
        BadRecordError: it is none, or leads out of the folder.
    """
    name = value.get(key)
    if not isinstance(name, str) or not name:
        raise BadRecordError(f"expected a file name as {key!r}, found {kind_of(name)}")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise BadRecordError(f"{key} {name!r} leads out of the folder of pictures")
    return name


def kind_of(value: Any) -> str:
    """What a value is, for a message that may not repeat it."""
    if value is None:
        return "nothing"
    if isinstance(value, (list, dict, str)) and not value:
        return f"an empty {type(value).__name__}"
    return type(value).__name__
