"""What a training of ExpLLM leaves: the adapters and the projector, and on request the whole model in our converted form.

    trained.safetensors    adapters of both encoders and projector, float32, by our names
    trained.json           their sizes, and what they were trained on

The converted form is what `networks.expllm.convert` writes of a published folder: safetensors with their index, a journal with
checksums, config.json and the tokenizer. Adapters stay adapters in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.fingerprint import sha256_of
from realtime_fer.networks import checkpoint_writing
from realtime_fer.networks.checkpoint_writing import grouped_by_size, replace_json, write_tensors
from realtime_fer.networks.expllm.checkpoint import require_ours
from realtime_fer.networks.expllm.convert import COPIED, JOURNAL_FILE
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards
from realtime_fer.training.expllm.start import Start, config_values

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error

WEIGHTS_FILE: Final = "trained.safetensors"
ABOUT_FILE: Final = "trained.json"
MAX_FILE_BYTES: Final = 2_000_000_000


def save_trained(folder: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write adapters and projector; each file appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS_FILE, tensors)
    replace_json(folder / ABOUT_FILE, about)


def require_own_folder(folder: Path, start: Start) -> None:
    """Raise unless `save_whole` may write to a folder; asked before the training too, which takes days.

    Raises:
        ModelCorruptError: training begins with what is in it.
        ModelError: something else is in it.
    """
    if folder.resolve() == start.folder.resolve():
        raise ModelCorruptError(f"{folder}: is the folder that training began with; name another one for the result")
    checkpoint_writing.require_own_folder(folder, (JOURNAL_FILE,))


def save_whole(folder: Path, model: ExpLlm, start: Start, max_file_bytes: int = MAX_FILE_BYTES) -> None:
    """Write the whole model as `networks.expllm.checkpoint.load_expllm` and the reasoner read it.

    Args:
        folder: made where it is missing; see `require_own_folder`.
        model: trained.
        start: what it began with, for its settings and its tokenizer.
        max_file_bytes: a file holds at least one tensor, and otherwise at most this.

    Raises:
        ModelError: as `require_own_folder`, or what was written does not read back equal.
    """
    require_own_folder(folder, start)
    folder.mkdir(parents=True, exist_ok=True)
    dtype = str(model.language.model.embed_tokens.weight.dtype)
    journal: dict[str, Any] = {"dtype": dtype, "vision": asdict(model.config.vision), "files": {}}
    (folder / INDEX_FILE).unlink(missing_ok=True)
    # First: a folder of ours, which a run that was stopped here may write to again.
    replace_json(folder / JOURNAL_FILE, journal)
    sizes_bytes = {key: value.numel() * value.element_size() for key, value in model.named_parameters()}
    groups = grouped_by_size(sizes_bytes, max_file_bytes)
    files = journal["files"]
    for number, names in enumerate(groups, 1):
        name = f"model-{number:05d}-of-{len(groups):05d}.safetensors"
        tensors = {key: model.get_parameter(key).detach().to("cpu", copy=True).contiguous() for key in names}
        write_tensors(folder / name, tensors)
        files[name] = {"source": "trained", "file": name, "sha256": sha256_of(folder / name), "tensors": names}
    for name in COPIED:
        if (start.folder / name).is_file():
            shutil.copyfile(start.folder / name, folder / name)
    replace_json(folder / "config.json", config_values(start, model.config))
    replace_json(folder / JOURNAL_FILE, journal)
    weight_map = {key: name for name, entry in files.items() for key in entry["tensors"]}
    # Last: a folder that has it is complete.
    replace_json(folder / INDEX_FILE, {"metadata": {}, "weight_map": weight_map})
    require_ours(Shards(folder).shapes, model, str(folder))
