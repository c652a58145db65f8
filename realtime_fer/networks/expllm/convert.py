"""Rewrite a published folder once, so that it loads fast: our names, safetensors, positions resampled.

One published file becomes one file of ours; only one is in memory at a time. What is done is written down beside the files,
with checksums: when it is stopped, the same command goes on with the first file that is not whole. Each file is read back and
compared before it counts. The index is taken away first and written last: a folder without it was not finished, and nothing
loads it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelError, RealtimeFerError, missing_extra
from realtime_fer.fingerprint import sha256_of, source_fingerprint
from realtime_fer.networks.checkpoint_writing import (
    is_as_written,
    read_object,
    remove_others,
    replace_json,
    require_own_folder,
    write_tensors,
)
from realtime_fer.networks.expllm.checkpoint import empty_expllm, require_ours
from realtime_fer.networks.expllm.checkpoint_keys import converted, require_published
from realtime_fer.networks.expllm.config import ExpLlmConfig, VisionSizes
from realtime_fer.networks.expllm.published_files import PublishedFiles
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards
from realtime_fer.networks.torch_archive import require_whole_archive

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

JOURNAL_FILE: Final = "conversion.json"
"""What is done: published file -> what tells it from others, our file and that one's checksum; and the image encoder's sizes,
which config.json does not state."""
COPIED: Final = ("config.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


class Conversion(NamedTuple):
    """What one call did.

    Attributes:
        written: files made by this call.
        kept: files that an earlier call had made, found whole.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]


def convert(
    folder: Path,
    out: Path,
    *,
    dtype: torch.dtype = torch.bfloat16,
    vision: VisionSizes | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Conversion:
    """Convert a published folder, or go on with it.

    Args:
        folder: as published: config.json, weights, tokenizer.
        out: made if it is not there; never the same folder, nor one with files of another origin.
        dtype: of the decoder's base weights; adapters, image encoder and projector become float32.
        vision: sizes of the image encoder; None for ViT-L/14.
        report: told of each file.

    Raises:
        ModelNotFoundError: a published file is missing.
        ModelCorruptError: one is empty or cannot be read, tensors are missing or left over, or what was written does not read
            back equal.
        ModelShapeError: a tensor does not fit config.json.
        ModelError: the disk is full, or `out` is `folder` or holds something else.
    """
    if folder.resolve() == out.resolve():
        raise ModelError(f"{out}: is the published folder itself; name another one for the result")
    config = ExpLlmConfig.from_file(folder / "config.json", vision)
    files = PublishedFiles(folder)
    require_published(files.shapes(), config, str(folder))
    copied = [folder / name for name in COPIED if (folder / name).is_file()]
    for path in copied:
        if not path.stat().st_size:
            raise ModelCorruptError(f"{path}: is empty; fetch it again")
    require_own_folder(out, (JOURNAL_FILE,))
    out.mkdir(parents=True, exist_ok=True)
    journal = read_object(out / JOURNAL_FILE)
    if journal.get("dtype") != str(dtype) or not isinstance(journal.get("files"), dict):
        journal = {"dtype": str(dtype), "files": {}}
    journal["vision"] = asdict(config.vision)
    replace_json(out / JOURNAL_FILE, journal)
    (out / INDEX_FILE).unlink(missing_ok=True)
    written, kept = [], []
    for number, name in enumerate(files.files, 1):
        target = out / f"model-{number:05d}-of-{len(files.files):05d}.safetensors"
        source = source_fingerprint([folder / name])
        if _is_whole(journal["files"].get(name), target, source):
            kept.append(target.name)
            report(f"{target.name}: already there, and whole")
            continue
        require_whole_archive(folder / name)
        tensors = _converted_file(files.read(name), config, dtype)
        write_tensors(target, tensors)
        journal["files"][name] = {
            "source": source,
            "file": target.name,
            "sha256": sha256_of(target),
            "tensors": sorted(tensors),
        }
        replace_json(out / JOURNAL_FILE, journal)
        written.append(target.name)
        report(f"{target.name}: {len(tensors)} tensors, read back equal")
    file_of = {
        tensor: entry["file"] for name in files.files for entry in [journal["files"][name]] for tensor in entry["tensors"]
    }
    for path in copied:
        shutil.copyfile(path, out / path.name)
    journal["files"] = {name: journal["files"][name] for name in files.files}
    replace_json(out / JOURNAL_FILE, journal)
    replace_json(out / INDEX_FILE, {"metadata": {}, "weight_map": file_of})
    remove_others(out, "model-*-of-*.safetensors", file_of.values())
    try:
        require_ours(Shards(out).shapes, empty_expllm(config), str(out))
    except RealtimeFerError:
        (out / INDEX_FILE).unlink()
        raise
    return Conversion(tuple(written), tuple(kept))


def _converted_file(published: dict[str, Tensor], config: ExpLlmConfig, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors = {}
    for name, value in published.items():
        for ours, part in converted(name, value, bool(config.rank)).items():
            base = ours.startswith("language.") and ".lora_" not in ours
            tensors[ours] = part.to(dtype if base else torch.float32).contiguous()
    return tensors


def _is_whole(entry: dict[str, Any] | None, target: Path, source: str) -> bool:
    """Whether a file was made from this published file, and is as it was then."""
    return (
        entry is not None
        and entry.get("source") == source
        and entry["file"] == target.name
        and is_as_written(target, entry["sha256"])
    )
