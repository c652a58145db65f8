"""Checkpoints on disk: a file of tensors counts once it reads back equal, and none is half there under its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelError, missing_extra
from realtime_fer.fingerprint import sha256_of

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Writing safetensors", "vlm", error) from error

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
"""What a user calls the types that weights are stored in."""

SCRATCH: Final = ".unfinished"
"""Folder beside the file, emptied before the next one. safetensors writes under a name drawn each time: killed, it would leave
a hidden file of gigabytes each time."""


def grouped_by_size(sizes_bytes: Mapping[str, int], max_file_bytes: int) -> list[list[str]]:
    """Names in groups, one a file, in the order given.

    Args:
        sizes_bytes: of each tensor.
        max_file_bytes: a group holds at least one tensor, and otherwise at most this.
    """
    groups: list[list[str]] = [[]]
    held = 0
    for name, size in sizes_bytes.items():
        if groups[-1] and held + size > max_file_bytes:
            groups.append([])
            held = 0
        groups[-1].append(name)
        held += size
    return groups


def require_own_folder(folder: Path, marks: Collection[str]) -> None:
    """Raise ModelError where a folder holds something and none of the marks that an earlier call would have left.

    A conversion writes names that other checkpoints have too, and takes away what it wrote before.
    """
    if not folder.is_dir() or any((folder / mark).is_file() for mark in marks):
        return
    other = next((path.name for path in sorted(folder.iterdir()) if not path.name.startswith(".")), None)
    if other is not None:
        raise ModelError(f"{folder}: expected a new folder or one of this conversion, found {other} in it; name another one")


def is_as_written(path: Path, sha256: str | None) -> bool:
    """Whether a file is there and has the SHA-256 that was written down; None is of no file."""
    return sha256 is not None and path.is_file() and sha256_of(path) == sha256


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file in a folder beside its name, read it back, compare, and only then give it its name.

    Args:
        path: in a folder that one process writes to.
        tensors: contiguous.

    Raises:
        ModelCorruptError: it does not read back equal, bit for bit.
        ModelError: the disk is full or gone, or the folder may not be written to.
    """
    scratch = path.parent / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        partial = scratch / path.name
        # safetensors makes its files readable by their owner alone, whatever the umask; a service often is another user.
        partial.touch()
        mode = partial.stat().st_mode & 0o777
        save_file(dict(tensors), str(partial), metadata={"format": "pt"})
        _require_equal(partial, tensors, path)
        partial.chmod(mode)
        partial.replace(path)
    except (SafetensorError, OSError) as error:
        size = sum(value.numel() * value.element_size() for value in tensors.values())
        raise ModelError(
            f"{path}: {size / 1e9:.1f} GB cannot be written ({error}); make room there, then give the same command again"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _require_equal(written: Path, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        again = load_file(str(written))
    except (SafetensorError, OSError) as error:
        raise ModelCorruptError(f"{path}: does not read back ({error}); is the disk full?") from error
    wrong = [name for name, value in tensors.items() if name not in again or not _same(again[name], value)]
    if wrong or len(again) != len(tensors):
        found = f"{len(wrong)} tensors ({wrong[0]}, ...)" if wrong else f"{len(again)} tensors for {len(tensors)}"
        raise ModelCorruptError(f"{path}: expected what was written, found {found} that differ; is the disk sound?")


def replace_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that a stop leaves the old file or the new one.

    Raises:
        ModelError: the disk is full or gone, or the folder may not be written to.
    """
    text = json.dumps(content, indent=1) + "\n"
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror}); make room there, then try again") from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file; an empty one where it cannot be read."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def remove_others(folder: Path, pattern: str, kept: Collection[str]) -> None:
    """Take away what an earlier call wrote under such names and this one did not."""
    for path in folder.glob(pattern):
        if path.name not in kept:
            path.unlink()


def _same(found: Tensor, value: Tensor) -> bool:
    """Bit for bit, so that a nan equals itself."""
    if found.dtype != value.dtype or found.shape != value.shape:
        return False
    return torch.equal(found.reshape(-1).view(torch.uint8), value.cpu().reshape(-1).view(torch.uint8))
