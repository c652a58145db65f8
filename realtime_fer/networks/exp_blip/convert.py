"""The authors' file and OPT's, brought once into one folder of our own: cast, under our names, in files of bounded size.

Writing goes file by file, with one file's tensors in memory. A run that was cut short goes on where it stopped, and nothing
counts as done until every tensor was read back and compared. `converted` reads the folder.

    python -m realtime_fer.networks.exp_blip.convert FILE OUT --opt OPT [--dtype float16]
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from realtime_fer.errors import RealtimeFerError, missing_extra
from realtime_fer.fingerprint import records_fingerprint, sha256_of, source_fingerprint
from realtime_fer.networks.checkpoint_writing import grouped_by_size, replace_json, write_tensors
from realtime_fer.networks.exp_blip.checkpoint import (
    TIED,
    part_type,
    placed,
    require_same,
    required_places,
    whole_state,
)
from realtime_fer.networks.exp_blip.converted import INDEX_FILE
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes
from realtime_fer.networks.torch_archive import require_whole_archive

try:
    import torch
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

JOURNAL_FILE: Final = "exp_blip.partial.json"
"""Files finished so far, and what they were made from."""
MAX_FILE_BYTES: Final = 2_000_000_000

VOCABULARY: Final = ("vocab.json", "merges.txt")
"""Of OPT, for the tokenizer."""

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


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
        ModelError: the disk is full.
    """
    with torch.device("meta"):
        model = ExpBlip(sizes)
    needed = required_places(model)
    state = whole_state(path, opt)
    require_same(state, needed, TIED[ExpBlip], str(path))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in TIED[ExpBlip]}
    names = sorted(shapes)
    planned = grouped_by_size({name: _bytes(shapes[name], part_type(name, dtype)) for name in names}, max_file_bytes)
    sources = source_fingerprint([path, *(sorted(opt.iterdir()) if opt else ())])
    made_from = records_fingerprint([sources, sizes, dtype, max_file_bytes])
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
        write_tensors(folder / name, tensors)
        finished[name] = sha256_of(folder / name)
        replace_json(folder / JOURNAL_FILE, {"made_from": made_from, "files": finished})
        report(f"{name}: {len(group)} tensors written and compared")
    about = {
        "sizes": asdict(sizes),
        "files": file_of,
        "sha256": {name: finished[name] for name in sorted(set(file_of.values()))},
    }
    for name in VOCABULARY:
        if opt is not None and (opt / name).is_file():
            shutil.copyfile(opt / name, folder / name)
    replace_json(folder / INDEX_FILE, about)
    (folder / JOURNAL_FILE).unlink(missing_ok=True)


def _bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    return torch.Size(shape).numel() * dtype.itemsize


def _journal(folder: Path, made_from: str) -> dict[str, str]:
    try:
        held = json.loads((folder / JOURNAL_FILE).read_text(encoding="utf-8"))
        return dict(held["files"]) if held["made_from"] == made_from else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # nothing begun, or cut off while writing: everything is written again


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
    except (RealtimeFerError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: finished")


if __name__ == "__main__":
    main()
