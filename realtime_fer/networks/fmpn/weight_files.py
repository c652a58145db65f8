"""The files that FMPN's weights come in, and what must be true of the tensors in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

NETS: Final = ("resface", "fusion", "cls")
"""The mask generator, the fusion, the classifier, by the names in file names."""

SHOWN: Final = 3
"""Names listed in an error; a wrong file would list hundreds."""

_FILE = re.compile(r"(?P<epoch>.+)_net_(?P<net>resface|fusion|cls)\.pth")

State = Mapping[str, Tensor]


def find_files(weights: Path, epoch: str | None = None) -> dict[str, Path]:
    """Paths of the three files by net, see `load_fmpn`.

    Raises:
        ModelNotFoundError: there are none, or not all three.
    """
    folder = weights
    if not weights.is_dir():
        match = _FILE.fullmatch(weights.name)
        if not weights.is_file() or match is None:
            raise ModelNotFoundError(
                f"{weights}: expected a folder with <epoch>_net_resface.pth, _net_fusion.pth and _net_cls.pth, or one of them"
            )
        folder, epoch = weights.parent, epoch or match["epoch"]
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        if match := _FILE.fullmatch(path.name):
            found.setdefault(match["epoch"], {})[match["net"]] = path
    whole = [name for name, files in found.items() if len(files) == len(NETS)]
    if epoch is None and whole:
        epoch = max(whole, key=lambda name: (int(name) if name.isdecimal() else -1, name))
    files = found.get(epoch or "", {})
    missing = [net for net in NETS if net not in files]
    if missing:
        which = f"epoch {epoch}: " if epoch else ""
        raise ModelNotFoundError(
            f"{folder}: {which}expected the files of {', '.join(NETS)}, found none of {', '.join(missing)}; "
            f"whole epochs there: {', '.join(whole) or 'none'}"
        )
    return files


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of one file, by name, on the CPU; no code in the file is run.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: torch cannot load it, or it holds something else than tensors.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected a weight file, found none")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(
            f"{path}: expected a torch file of tensors, found one torch cannot load ({_line(error)})"
        ) from error
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelCorruptError(f"{path}: expected a bare state_dict (names and tensors), found {_kind(state)}")
    return dict(state)


def require_same_tensors(found: State, expected: State, what: str) -> None:
    """Raise unless both have the same names with the same shapes.

    Raises:
        ModelCorruptError: names are missing or unexpected.
        ModelShapeError: a shape differs.
    """
    missing, unexpected = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    parts = [
        f"{counted(names)} {kind} ({some_of(names)})"
        for kind, names in (("missing", missing), ("unexpected", unexpected))
        if names
    ]
    if parts:
        raise ModelCorruptError(f"{what}: {' and '.join(parts)}, of {len(expected)} expected; is it the file of another net?")
    wrong = [
        f"{name} is {tuple(found[name].shape)}, expected {tuple(value.shape)}"
        for name, value in sorted(expected.items())
        if found[name].shape != value.shape
    ]
    if wrong:
        raise ModelShapeError(f"{what}: {counted(wrong)} of another shape: {'; '.join(wrong[:SHOWN])}")


def some_of(names: list[str]) -> str:
    """The first few, for a message."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def counted(names: Collection[str]) -> str:
    """How many tensors, for a message."""
    return "1 tensor" if len(names) == 1 else f"{len(names)} tensors"


def _kind(value: Any) -> str:
    return f"entries {some_of(sorted(map(str, value)))}" if isinstance(value, Mapping) and value else type(value).__name__


def _line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
