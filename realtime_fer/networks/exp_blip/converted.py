"""The folder that `convert` writes: reading it strictly, tensor by tensor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint import TIED, set_tensor
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes

try:
    import torch
    from safetensors import SafetensorError, safe_open
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

INDEX_FILE: Final = "exp_blip.json"
"""Written last: a folder with it is whole."""

_CHUNK: Final = 1 << 20


def load_converted(
    folder: Path, *, device: torch.device | str = "cpu", attention: str = "sdpa", verify: bool = False
) -> ExpBlip:
    """The captioning network from a converted folder, in the types it was written in.

    Args:
        folder: that `convert_exp_blip` finished.
        device: where the weights go.
        attention: as for `ExpBlip`.
        verify: compare each file's SHA-256 first, which reads all of it.

    Raises:
        ModelNotFoundError: the folder is not there, or was not finished.
        ModelCorruptError: a file is missing, unreadable or not what was written; names or shapes do not fit.
    """
    if not (folder / INDEX_FILE).is_file():
        raise ModelNotFoundError(f"{folder / INDEX_FILE}: no such file; finish the conversion by running it again")
    try:
        about = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        sizes, file_of, sums = ExpBlipSizes(**about["sizes"]), dict(about["files"]), dict(about["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelCorruptError(f"{folder / INDEX_FILE}: cannot be read ({error!r}); convert again") from error
    with torch.device("meta"):
        model = ExpBlip(sizes, attention)
    tied = TIED[ExpBlip]
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in tied}
    if expected.keys() != file_of.keys():
        raise ModelCorruptError(f"{folder / INDEX_FILE}: names other tensors than this network has; convert again")
    for file_name in sorted(set(file_of.values())):
        if Path(file_name).name != file_name:
            raise ModelCorruptError(f"{folder / INDEX_FILE}: {file_name!r} is no plain file name; convert again")
        if verify and (not (folder / file_name).is_file() or sha256_of(folder / file_name) != sums.get(file_name)):
            raise ModelCorruptError(f"{folder / file_name}: is not what was written; convert again")
        for name, value in stored_tensors(folder / file_name, str(device)):
            if file_of.get(name) != file_name or tuple(value.shape) != expected.get(name):
                raise ModelCorruptError(f"{folder / file_name}: {name} is out of place or of another shape; convert again")
            set_tensor(model, name, value)
            del expected[name]
    if expected:
        raise ModelCorruptError(f"{folder}: {len(expected)} tensors are missing ({min(expected)}, ...); convert again")
    for second, first in tied.items():
        set_tensor(model, second, model.get_parameter(first))
    return model.eval()


def stored_tensors(path: Path, device: str) -> Iterator[tuple[str, Tensor]]:
    """Name and tensor, one after the other.

    Raises:
        ModelCorruptError: the file is missing or cannot be read.
    """
    try:
        with safe_open(str(path), framework="pt", device=device) as file:
            for name in file.keys():  # noqa: SIM118  (not a mapping)
                yield name, file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise ModelCorruptError(f"{path}: is no safetensors file ({error}); convert again") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
