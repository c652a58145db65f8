"""The folder that `convert` writes: reading it strictly, tensor by tensor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.fingerprint import sha256_of
from realtime_fer.networks.exp_blip.checkpoint import TIED, part_type, set_tensor
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


class Converted(NamedTuple):
    """What the index of a converted folder says.

    Attributes:
        sizes: of the network.
        file_of: the file that each of our tensors is in.
        sha256: of each file.
    """

    sizes: ExpBlipSizes
    file_of: dict[str, str]
    sha256: dict[str, str]

    @classmethod
    def from_folder(cls, folder: Path) -> Converted:
        """Read the index.

        Raises:
            ModelNotFoundError: the folder is not there, or was not finished.
            ModelCorruptError: the index cannot be read, or names what is no plain file.
        """
        path = folder / INDEX_FILE
        if not path.is_file():
            raise ModelNotFoundError(
                f"{path}: no such file; finish the conversion by running it again, "
                f"realtime-fer models convert exp-blip FILE {folder} --opt OPT"
            )
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            found = cls(ExpBlipSizes(**about["sizes"]), dict(about["files"]), dict(about["sha256"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelCorruptError(f"{path}: cannot be read ({error!r}); convert again") from error
        for name in found.files:
            if Path(name).name != name:
                raise ModelCorruptError(f"{path}: {name!r} is no plain file name; convert again")
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """Every file, by name."""
        return tuple(sorted(set(self.file_of.values())))


def load_converted(
    folder: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    attention: str = "sdpa",
    verify: bool = False,
) -> ExpBlip:
    """The captioning network from a converted folder.

    Args:
        folder: that `convert_exp_blip` finished.
        device: where the weights go.
        dtype: of image encoder and language model; None for the types they were written in.
        attention: as for `ExpBlip`.
        verify: compare each file's SHA-256 first, which reads all of it.

    Raises:
        ModelNotFoundError: the folder is not there, or was not finished.
        ModelCorruptError: a file is missing, unreadable or not what was written; names or shapes do not fit.
    """
    with torch.device("meta"):
        model = ExpBlip(Converted.from_folder(folder).sizes, attention)
    for name, value in converted_tensors(folder, device=str(device), verify=verify):
        set_tensor(model, name, value if dtype is None else value.to(part_type(name, dtype)))
    for second, first in TIED[ExpBlip].items():
        set_tensor(model, second, model.get_parameter(first))
    return model.eval()


def converted_tensors(folder: Path, *, device: str = "cpu", verify: bool = False) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a converted folder by our names, one after the other, each in its place and of its shape.

    Args:
        folder, device, verify: as for `load_converted`.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_converted`.
    """
    about = Converted.from_folder(folder)
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in ExpBlip(about.sizes).state_dict().items()}
    expected = {name: shape for name, shape in shapes.items() if name not in TIED[ExpBlip]}
    if expected.keys() != about.file_of.keys():
        raise ModelCorruptError(f"{folder / INDEX_FILE}: names other tensors than this network has; convert again")
    for file_name in about.files:
        path = folder / file_name
        if verify and (not path.is_file() or sha256_of(path) != about.sha256.get(file_name)):
            raise ModelCorruptError(f"{path}: is not what was written; convert again, which makes this file alone anew")
        for name, value in stored_tensors(path, device):
            if about.file_of.get(name) != file_name or tuple(value.shape) != expected.pop(name, None):
                raise ModelCorruptError(f"{path}: {name} is out of place or of another shape; convert again")
            yield name, value
    if expected:
        raise ModelCorruptError(f"{folder}: {len(expected)} tensors are missing ({min(expected)}, ...); convert again")


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
