"""Checkpoints on disk: a file of tensors counts once it reads back equal, and none is half there under its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelError, missing_extra

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Writing safetensors", "vlm", error) from error

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
    """Write JSON so that a stop leaves the old file or the new one."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _same(found: Tensor, value: Tensor) -> bool:
    """Bit for bit, so that a nan equals itself."""
    if found.dtype != value.dtype or found.shape != value.shape:
        return False
    return torch.equal(found.reshape(-1).view(torch.uint8), value.cpu().reshape(-1).view(torch.uint8))
