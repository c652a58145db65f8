"""The files that FMPN's weights come in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelNotFoundError, missing_extra
from realtime_fer.networks.state_dict import load_plain, require_state

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

NETS: Final = ("resface", "fusion", "cls")
"""The mask generator, the fusion, the classifier, by the names in file names."""

_FILE = re.compile(r"(?P<epoch>.+)_net_(?P<net>resface|fusion|cls)\.pth")


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
    return require_state(load_plain(path, "a weight file"), path, "a bare state_dict")
