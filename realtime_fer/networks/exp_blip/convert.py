"""The authors' file and OPT's, brought once into one folder of our own: cast, under our names, in files of bounded size.

Writing goes file by file, with one file's tensors in memory. A run that was cut short goes on where it stopped, and nothing
counts as done until every tensor was read back and compared. On a finished folder it makes those files anew that are damaged or
missing. `converted` reads the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelNotFoundError, missing_extra
from realtime_fer.fingerprint import records_fingerprint, sha256_of, source_fingerprint
from realtime_fer.networks.checkpoint_writing import (
    grouped_by_size,
    is_as_written,
    read_object,
    remove_others,
    replace_json,
    require_own_folder,
    write_tensors,
)
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
"""Files finished so far, and what they were made from; while there is no index."""
MAX_FILE_BYTES: Final = 2_000_000_000

VOCABULARY: Final = ("vocab.json", "merges.txt")
"""Of OPT, for the tokenizer."""


def convert_exp_blip(
    path: Path,
    folder: Path,
    opt: Path | None = None,
    *,
    dtype: torch.dtype = torch.float16,
    sizes: ExpBlipSizes = PUBLISHED,
    max_file_bytes: int = MAX_FILE_BYTES,
    report: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """Write the folder, or finish one that was begun.

    Args:
        path: the authors' file of the second stage.
        folder: to write; made where it is missing. Never one with files of another origin.
        opt: folder of facebook/opt-6.7b: the language model, where `path` has none; its vocabulary is copied beside ours.
        dtype: of image encoder and language model; the rest stays in float32.
        sizes: of the network.
        max_file_bytes: a file holds at least one tensor, and otherwise at most this.
        report: called with a line for each file.

    Returns:
        The files that its weights are from.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `load_exp_blip`; or a file written differs from its source.
        ModelError: the disk is full, or `folder` holds something else.
    """
    if opt is not None and not opt.is_dir():
        raise ModelNotFoundError(f"{opt}: expected the folder of facebook/opt-6.7b, found no folder")
    with torch.device("meta"):
        model = ExpBlip(sizes)
    needed = required_places(model)
    state, sources = whole_state(path, opt)
    require_same(state, needed, TIED[ExpBlip], str(path))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in TIED[ExpBlip]}
    names = sorted(shapes)
    planned = grouped_by_size({name: _bytes(shapes[name], part_type(name, dtype)) for name in names}, max_file_bytes)
    made_from = records_fingerprint([source_fingerprint(sources), sizes, dtype, max_file_bytes])
    require_own_folder(folder, (INDEX_FILE, JOURNAL_FILE))
    folder.mkdir(parents=True, exist_ok=True)
    finished = _finished(folder / JOURNAL_FILE, made_from) or _finished(folder / INDEX_FILE, made_from)
    # The journal before the index goes: a stop between them forgets nothing, and nothing without index is loaded.
    replace_json(folder / JOURNAL_FILE, {"made_from": made_from, "sha256": finished})
    (folder / INDEX_FILE).unlink(missing_ok=True)
    file_of: dict[str, str] = {}
    compared = False
    for number, group in enumerate(planned, 1):
        name = f"exp_blip-{number:05d}-of-{len(planned):05d}.safetensors"
        file_of.update(dict.fromkeys(group, name))
        if is_as_written(folder / name, finished.get(name)):
            report(f"{name}: kept")
            continue
        if not compared:
            for source in sources:
                require_whole_archive(source)
            compared = True
        wanted = {theirs: place for theirs, place in needed.items() if place.name in group}
        tensors = {ours: value.to(part_type(ours, dtype)).contiguous() for ours, value in placed(state, wanted, shapes)}
        write_tensors(folder / name, tensors)
        finished[name] = sha256_of(folder / name)
        replace_json(folder / JOURNAL_FILE, {"made_from": made_from, "sha256": finished})
        report(f"{name}: {len(group)} tensors written and compared")
    about = {
        "made_from": made_from,
        "sizes": asdict(sizes),
        "files": file_of,
        "sha256": {name: finished[name] for name in sorted(set(file_of.values()))},
    }
    for name in VOCABULARY:
        if opt is not None and (opt / name).is_file():
            shutil.copyfile(opt / name, folder / name)
    replace_json(folder / INDEX_FILE, about)
    (folder / JOURNAL_FILE).unlink()
    remove_others(folder, "exp_blip-*-of-*.safetensors", file_of.values())
    return sources


def _bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    return torch.Size(shape).numel() * dtype.itemsize


def _finished(path: Path, made_from: str) -> dict[str, str]:
    """SHA-256 of each file that was made from the same; of none where that cannot be told."""
    held = read_object(path)
    sums = held.get("sha256")
    return dict(sums) if held.get("made_from") == made_from and isinstance(sums, dict) else {}
