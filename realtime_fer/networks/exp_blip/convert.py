"""The authors' file and OPT's, brought once into one folder of our own: cast, under our names, in files of bounded size.

Writing goes file by file, with one file's tensors in memory. A run that was cut short goes on where it stopped, and nothing
counts as done until every tensor was read back and compared. `converted` reads the folder.

    python -m realtime_fer.networks.exp_blip.convert FILE OUT --opt OPT [--dtype float16]
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from realtime_fer.errors import ModelCorruptError, RealtimeFerError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint import (
    TIED,
    part_type,
    placed,
    require_same,
    required_places,
    whole_state,
)
from realtime_fer.networks.exp_blip.converted import INDEX_FILE, sha256_of, stored_tensors
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes
from realtime_fer.networks.torch_archive import require_whole_archive

try:
    import torch
    from safetensors.torch import save_file
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

JOURNAL_FILE: Final = "exp_blip.partial.json"
"""Files finished so far, and what they were made from."""
MAX_FILE_BYTES: Final = 2_000_000_000

VOCABULARY: Final = ("vocab.json", "merges.txt")
"""Of OPT, for the tokenizer."""

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}

_HEAD: Final = 1 << 16


def convert_exp_blip(
    path: Path,
    folder: Path,
    opt: Path | None = None,
    *,
    dtype: torch.dtype = torch.float16,
    sizes: ExpBlipSizes = PUBLISHED,
    max_file_bytes: int = MAX_FILE_BYTES,
    report: Callable[[str], None] = lambda _line: None,
) -> None:
    """Write the folder, or finish one that was begun.

    Args:
        path: the authors' file of the second stage.
        folder: to write; made where it is missing.
        opt: folder of facebook/opt-6.7b: the language model, where `path` has none; its vocabulary is copied beside ours.
        dtype: of image encoder and language model; the rest stays in float32.
        sizes: of the network.
        max_file_bytes: a file holds at least one tensor, and otherwise at most this.
        report: called with a line for each file.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `load_exp_blip`; or a file written differs from its source.
    """
    with torch.device("meta"):
        model = ExpBlip(sizes)
    needed = required_places(model)
    state = whole_state(path, opt)
    require_same(state, needed, TIED[ExpBlip], str(path))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in TIED[ExpBlip]}
    names = sorted(shapes)
    planned = _plan({name: _bytes(shapes[name], part_type(name, dtype)) for name in names}, max_file_bytes)
    made_from = _fingerprint([path, *(sorted(opt.iterdir()) if opt else ())], sizes, dtype, max_file_bytes)
    for archive in (path, *(sorted(opt.glob("*.bin")) if opt else ())):
        require_whole_archive(archive)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX_FILE).unlink(missing_ok=True)
    finished = _journal(folder, made_from)
    file_of: dict[str, str] = {}
    for number, group in enumerate(planned, 1):
        name = f"exp_blip-{number:05d}-of-{len(planned):05d}.safetensors"
        file_of.update(dict.fromkeys(group, name))
        if finished.get(name) is not None and (folder / name).is_file() and sha256_of(folder / name) == finished[name]:
            report(f"{name}: kept")
            continue
        wanted = {theirs: place for theirs, place in needed.items() if place.name in group}
        tensors = {ours: value.to(part_type(ours, dtype)).contiguous() for ours, value in placed(state, wanted, shapes)}
        _write(folder / name, tensors)
        _verify(folder / name, tensors)
        finished[name] = sha256_of(folder / name)
        _replace_json(folder / JOURNAL_FILE, {"made_from": made_from, "files": finished})
        report(f"{name}: {len(group)} tensors written and compared")
    about = {
        "sizes": asdict(sizes),
        "files": file_of,
        "sha256": {name: finished[name] for name in sorted(set(file_of.values()))},
    }
    for name in VOCABULARY:
        if opt is not None and (opt / name).is_file():
            shutil.copyfile(opt / name, folder / name)
    _replace_json(folder / INDEX_FILE, about)
    (folder / JOURNAL_FILE).unlink(missing_ok=True)


def _plan(sizes_bytes: Mapping[str, int], max_file_bytes: int) -> list[list[str]]:
    """Names in groups, one a file, in the order given."""
    groups: list[list[str]] = [[]]
    held = 0
    for name, size in sizes_bytes.items():
        if groups[-1] and held + size > max_file_bytes:
            groups.append([])
            held = 0
        groups[-1].append(name)
        held += size
    return groups


def _bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    return torch.Size(shape).numel() * dtype.itemsize


def _fingerprint(paths: list[Path], *settings: object) -> str:
    """Whether a begun folder was made from the same: names, sizes, times and first bytes of the files, and the settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in paths:
        if path.is_file():
            status = path.stat()
            with path.open("rb") as file:
                digest.update(repr((path.name, status.st_size, status.st_mtime_ns, file.read(_HEAD))).encode())
    return digest.hexdigest()


def _journal(folder: Path, made_from: str) -> dict[str, str]:
    try:
        held = json.loads((folder / JOURNAL_FILE).read_text(encoding="utf-8"))
        return dict(held["files"]) if held["made_from"] == made_from else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # nothing begun, or cut off while writing: everything is written again


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    partial = path.with_suffix(".partial")
    save_file(dict(tensors), str(partial), metadata={"format": "pt"})
    os.replace(partial, path)


def _verify(path: Path, tensors: Mapping[str, Tensor]) -> None:
    found = dict(stored_tensors(path, "cpu"))
    wrong = [name for name, value in tensors.items() if name not in found or not _same(found[name], value)]
    if wrong or found.keys() != tensors.keys():
        path.unlink()
        raise ModelCorruptError(f"{path}: read back, {len(wrong)} tensors differ from what was written; is the disk full?")


def _same(found: Tensor, value: Tensor) -> bool:
    """Bit for bit, so that a nan equals itself."""
    if found.dtype != value.dtype or found.shape != value.shape:
        return False
    return torch.equal(found.reshape(-1).view(torch.uint8), value.reshape(-1).view(torch.uint8))


def _replace_json(path: Path, value: Any) -> None:
    partial = path.with_suffix(".writing")
    partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--opt", type=click.Path(path_type=Path), help="Folder of facebook/opt-6.7b: weights, vocab.json, merges.txt.")
@click.option(
    "--dtype",
    type=click.Choice(sorted(DTYPES)),
    default="float16",
    show_default=True,
    help="Of image encoder and language model.",
)
def main(file: Path, out: Path, opt: Path | None, dtype: str) -> None:
    """Convert the authors' FILE to the folder OUT; the same command goes on where it was stopped."""
    try:
        convert_exp_blip(file, out, opt, dtype=DTYPES[dtype], report=click.echo)
    except RealtimeFerError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: finished")


if __name__ == "__main__":
    main()
