"""Published vision-language systems: from the authors' files to a folder that their reasoner reads.

Weights are converted by the networks' own converters, which go on where they were stopped. The manifest comes last: until it
is there, the folder is no model.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.catalogue import Published
from realtime_fer.zoo.download import Progress
from realtime_fer.zoo.import_options import ImportOptions
from realtime_fer.zoo.manifest import MANIFEST_NAME, ModelFile, read_manifest
from realtime_fer.zoo.user_folder import fetched_folder
from realtime_fer.zoo.whole_file import copy_whole, require_plain

if TYPE_CHECKING:
    from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes
    from realtime_fer.networks.expllm.config import VisionSizes

LLAMA_WORDS: Final = "tokenizer.model"
LLAMA_WORDS_CONFIG: Final = "tokenizer_config.json"
PUBLISHED_ADAPTER: Final = (275, 64_964_640)
"""Modules and numbers of Chain-of-Affect's adapter."""


def import_chain_of_affect(
    entry: Published, weights: Sequence[Path], out: Path, options: ImportOptions, progress: Progress
) -> None:
    """Take in an adapter, once it reads as one and fits its base, where that is at hand.

    Args:
        weights: the adapter's two files, or folders that hold them.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `LoraAdapter.from_folder` and `require_fits`.
        MissingExtraError: torch or transformers is not installed.
    """
    from realtime_fer.networks.checkpoint_writing import remove_others
    from realtime_fer.networks.phi3_vision.lora import CONFIG_FILE, OLD_WEIGHTS_FILE, WEIGHTS_FILE, LoraAdapter

    folders = [path if path.is_dir() else path.parent for path in (*weights, fetched_folder(entry.name))]
    config = _first(CONFIG_FILE, folders, entry)
    named = next((path for path in weights if path.is_file() and path.suffix in (".safetensors", ".bin")), None)
    tensors = (
        named
        or next(
            (folder / name for folder in folders for name in (WEIGHTS_FILE, OLD_WEIGHTS_FILE) if (folder / name).is_file()),
            None,
        )
        or _first(WEIGHTS_FILE, folders, entry)
    )
    sources = {CONFIG_FILE: config, WEIGHTS_FILE if tensors.suffix == ".safetensors" else OLD_WEIGHTS_FILE: tensors}
    out.mkdir(parents=True, exist_ok=True)
    # Elsewhere until it is known to be one, so that an older import stays where this one fails.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".import-") as draft:
        for name, source in sources.items():
            require_plain(source)
            copy_whole(source, Path(draft) / name, sha256_of(source))
        adapter = LoraAdapter.from_folder(Path(draft))
        found = len(adapter.modules), sum(u.down.numel() + u.up.numel() for u in adapter.modules.values())
        if found == PUBLISHED_ADAPTER:
            progress.say(f"{entry.name}: {found[0]} modules, {found[1]:,} numbers, as published")
        else:
            published = "; the published adapter has {} and {:,}".format(*PUBLISHED_ADAPTER)
            progress.say(f"{entry.name}: {found[0]} modules, {found[1]:,} numbers{published}")
        base = options.base or fetched_folder(entry.needs[0])
        if options.base is not None or (base / "config.json").is_file():
            _require_fits_base(adapter, base)
            progress.say(f"{entry.name}: fits {base}")
        else:
            progress.say(f"{entry.name}: not compared with its base, which is not here; give --base, or fetch {entry.needs[0]}")
        for name in sources:
            os.replace(Path(draft) / name, out / name)
    # Of an older import in the other form, which would be read instead.
    remove_others(out, "adapter_model.*", sources)
    write_manifest(entry, "chain-of-affect", out, options, sources=list(sources.values()), names=list(sources))


def import_expllm(
    entry: Published,
    weights: Sequence[Path],
    out: Path,
    options: ImportOptions,
    progress: Progress,
    *,
    vision: VisionSizes | None = None,
) -> None:
    """Convert a checkpoint folder, shard by shard; what an earlier call finished is kept.

    Args:
        weights: one folder: config.json, pytorch_model-*.bin or safetensors with their index, tokenizer.
        vision: sizes of the image encoder; None for ViT-L/14.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `networks.expllm.convert.convert`; or no tokenizer.
        MissingExtraError: torch or peft is not installed.
    """
    from realtime_fer.networks.checkpoint_writing import DTYPES
    from realtime_fer.networks.expllm.convert import COPIED, JOURNAL_FILE, convert
    from realtime_fer.networks.safetensors_shards import INDEX_FILE

    folder = _folder(entry, weights)
    places = [options.tokenizer] if options.tokenizer else [folder, fetched_folder("vicuna-7b-v1.5-tokenizer")]
    remedy = "give --tokenizer FOLDER, or: realtime-fer models fetch vicuna-7b-v1.5-tokenizer"
    words = _first(LLAMA_WORDS, places, entry, remedy)
    # How words are cut (`legacy`) is the checkpoint's to say, where it does.
    cut = _first(LLAMA_WORDS_CONFIG, [folder, *places], entry, remedy)
    sources = sorted(path for path in folder.iterdir() if path.suffix in (".bin", ".safetensors", ".json", ".model"))
    for path in (words, cut, *sources):
        require_plain(path)
    done = convert(folder, out, dtype=DTYPES[options.dtype or "bfloat16"], vision=vision, report=progress.say)
    for path in (words, cut):
        shutil.copyfile(path, out / path.name)
    files = [*done.written, *done.kept, INDEX_FILE, JOURNAL_FILE, *(name for name in COPIED if (out / name).is_file())]
    write_manifest(entry, "expllm", out, options, sources=sources, names=files)


def import_exp_blip(
    entry: Published,
    weights: Sequence[Path],
    out: Path,
    options: ImportOptions,
    progress: Progress,
    *,
    sizes: ExpBlipSizes | None = None,
) -> None:
    """Convert a file of the second stage together with OPT; what an earlier call finished is kept.

    Args:
        weights: one file.
        sizes: of the network; None as published.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `networks.exp_blip.convert.convert_exp_blip`; or OPT's
            tokenizer is not there.
        MissingExtraError: torch or transformers is not installed.
    """
    from realtime_fer.networks.checkpoint_writing import DTYPES
    from realtime_fer.networks.exp_blip.convert import VOCABULARY, convert_exp_blip
    from realtime_fer.networks.exp_blip.converted import INDEX_FILE, Converted
    from realtime_fer.networks.exp_blip.sizes import PUBLISHED

    if len(weights) != 1 or not weights[0].is_file():
        raise ModelNotFoundError(f"{entry.name}: expected one file of weights; see: realtime-fer models show {entry.name}")
    opt = options.opt or fetched_folder(entry.needs[0])
    for name in VOCABULARY:
        require_plain(_first(name, [opt], entry, f"give --opt FOLDER, or: realtime-fer models fetch {entry.needs[0]}"))
    sources = convert_exp_blip(
        weights[0],
        out,
        opt,
        dtype=DTYPES[options.dtype or "float16"],
        sizes=sizes or PUBLISHED,
        report=progress.say,
    )
    files = [*Converted.from_folder(out).files, INDEX_FILE, *VOCABULARY]
    write_manifest(entry, "exp-blip", out, options, sources=sources, names=files)


def write_manifest(
    entry: Published,
    system: Literal["chain-of-affect", "expllm", "exp-blip"],
    out: Path,
    options: ImportOptions,
    *,
    sources: Sequence[Path],
    names: Sequence[str],
) -> None:
    """Describe these files of a finished folder; the last step of an import."""
    main, *others = sorted((_described(out / name) for name in sorted(names)), key=lambda file: -file.size_bytes)
    licences = {licence.name for licence in entry.licences}
    fields: dict[str, Any] = {
        "name": entry.name,
        "version": "imported",
        "task": "checkpoint",
        "system": system,
        **main.model_dump(),
        "files": [file.model_dump() for file in others],
        # OPT is inside Exp-BLIP's folder by now; an adapter still needs its base.
        "needs": list(entry.needs) if system == "chain-of-affect" else [],
        "made_from": [_described(path).model_dump() for path in sources],
        "licence": options.licence or (licences.pop() if len(licences) == 1 else "LicenseRef-unknown"),
        "licence_note": " ".join(f"{licence.of}: {licence.name}. {licence.means}" for licence in entry.licences),
        "description": f"{entry.title}. {entry.what}",
        "trained_on": "by its authors, as they say",
    }
    draft = out / f"{MANIFEST_NAME}.part"
    draft.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, out / MANIFEST_NAME)
    read_manifest(out)


def _described(path: Path) -> ModelFile:
    return ModelFile(file=path.name, sha256=sha256_of(path), size_bytes=path.stat().st_size)


def _first(name: str, folders: Sequence[Path], entry: Published, remedy: str | None = None) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = ", ".join(map(str, dict.fromkeys(folders)))
    remedy = remedy or f"try: realtime-fer models fetch {entry.name}"
    raise ModelNotFoundError(f"{entry.name}: expected {name} in {places}, found none; {remedy}")


def _folder(entry: Published, weights: Sequence[Path]) -> Path:
    if len(weights) != 1 or not weights[0].is_dir():
        found = ", ".join(map(str, weights)) or "none"
        raise ModelNotFoundError(
            f"{entry.name}: expected a checkpoint's folder, found {found}; see: realtime-fer models show {entry.name}"
        )
    return weights[0]


def _require_fits_base(adapter: Any, base: Path) -> None:
    """Compare names and shapes alone, which needs no weights of the base."""
    import torch

    from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig
    from realtime_fer.networks.phi3_vision.model import Phi3Vision

    config = Phi3VisionConfig.from_file(base / "config.json")
    with torch.device("meta"):
        model = Phi3Vision(config)
    adapter.require_fits(model)
