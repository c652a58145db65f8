"""Are the tensors of a checkpoint those of a network? Asked of names and shapes, before any weight is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelShapeError

Shape = tuple[int, ...]

SHOWN: Final = 3
"""Names listed in an error; a wrong file would list hundreds."""


def require_shapes(
    found: Mapping[str, Shape], expected: Mapping[str, Shape], what: str, *, is_it: str, sizes: str = ""
) -> None:
    """Raise unless both have the same names with the same shapes.

    Args:
        what: the file or folder, for the message.
        is_it: ends the message where names differ: what the user is to ask himself.
        sizes: where the expected shapes come from, for the message.

    Raises:
        ModelCorruptError: names are missing or left over.
        ModelShapeError: a shape differs.
    """
    different = {"missing": sorted(expected.keys() - found.keys()), "left over": sorted(found.keys() - expected.keys())}
    parts = [f"{len(names)} tensors {kind} ({some_of(names)})" for kind, names in different.items() if names]
    if parts:
        raise ModelCorruptError(f"{what}: {' and '.join(parts)}, of {len(expected)} expected; {is_it}")
    wrong = [f"{name} is {found[name]}, expected {shape}" for name, shape in sorted(expected.items()) if found[name] != shape]
    if wrong:
        fit = f"fit {sizes}" if sizes else "fit"
        raise ModelShapeError(f"{what}: {len(wrong)} tensors do not {fit}: {'; '.join(wrong[:SHOWN])}")


def some_of(names: Collection[str]) -> str:
    """The first few, for a message."""
    return ", ".join(list(names)[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
