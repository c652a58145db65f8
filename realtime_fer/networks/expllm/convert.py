"""Rewrite a published folder once, so that it loads fast: our names, safetensors, positions resampled.

    python -m realtime_fer.networks.expllm.convert PUBLISHED OUT [--dtype bfloat16]

One published file becomes one file of ours; only one is in memory at a time. What is done is written down beside the files,
with checksums: when it is stopped, the same command goes on with the first file that is not whole. Each file is read back and
compared before it counts. The index is taken away first and written last: a folder without it was not finished, and nothing
loads it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from realtime_fer.errors import ModelCorruptError, RealtimeFerError, missing_extra
from realtime_fer.fingerprint import sha256_of, source_fingerprint
from realtime_fer.networks.checkpoint_writing import replace_json, write_tensors
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

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


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
        out: made if it is not there; never the same folder.
        dtype: of the decoder's base weights; adapters, image encoder and projector become float32.
        vision: sizes of the image encoder; None for ViT-L/14.
        report: told of each file.

    Raises:
        ModelNotFoundError: a published file is missing.
        ModelCorruptError: one cannot be read, tensors are missing or left over, or what was written does not read back equal.
        ModelShapeError: a tensor does not fit config.json.
        ModelError: the disk is full.
    """
    if folder.resolve() == out.resolve():
        raise ModelCorruptError(f"{out}: is the published folder itself; name another one for the result")
    config = ExpLlmConfig.from_file(folder / "config.json", vision)
    files = PublishedFiles(folder)
    require_published(files.shapes(), config, str(folder))
    out.mkdir(parents=True, exist_ok=True)
    (out / INDEX_FILE).unlink(missing_ok=True)
    journal = _read_journal(out / JOURNAL_FILE)
    if journal.get("dtype") != str(dtype):
        journal = {"dtype": str(dtype), "files": {}}
    journal["vision"] = asdict(config.vision)
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
    for name in COPIED:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    journal["files"] = {name: journal["files"][name] for name in files.files}
    replace_json(out / JOURNAL_FILE, journal)
    replace_json(out / INDEX_FILE, {"metadata": {}, "weight_map": file_of})
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
        and target.is_file()
        and entry["sha256"] == sha256_of(target)
    )


def _read_journal(path: Path) -> dict[str, Any]:
    """What was done before; nothing where that cannot be told."""
    try:
        journal = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return journal if isinstance(journal, dict) and isinstance(journal.get("files"), dict) else {}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--dtype", type=click.Choice(sorted(DTYPES)), default="bfloat16", show_default=True, help="Of the decoder's weights."
)
def main(folder: Path, out: Path, dtype: str) -> None:
    """Convert the published FOLDER to OUT; the same command goes on where it was stopped."""
    try:
        done = convert(folder, out, dtype=DTYPES[dtype], report=click.echo)
    except (RealtimeFerError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {len(done.written)} files written, {len(done.kept)} kept")


if __name__ == "__main__":
    main()
