"""A converted folder of ExpLLM to a model in its place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, missing_extra
from realtime_fer.fingerprint import sha256_of
from realtime_fer.networks.expllm.checkpoint import empty_expllm, load_expllm, require_ours
from realtime_fer.networks.expllm.config import ExpLlmConfig, VisionSizes
from realtime_fer.networks.expllm.convert import JOURNAL_FILE
from realtime_fer.networks.expllm.model import ExpLlm, adapter_config, language_config
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards
from realtime_fer.reasoning.placement import Placement, place_language

try:
    import torch
    from peft import inject_adapter_in_model
    from torch import Tensor, nn
    from transformers import LlamaForCausalLM
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

LANGUAGE = "language."
ADAPTER = ".lora_"


def load_converted(folder: Path, placement: Placement, *, verify: bool = False) -> ExpLlm:
    """The model of a folder that `networks.expllm.convert` finished, in evaluation mode.

    Args:
        folder: with its index, its journal and config.json.
        placement: where; adapters, image encoder and projector stay float32, as in the published evaluation.
        verify: compare each file's SHA-256 with the journal's first, which reads all of it.

    Raises:
        ModelNotFoundError: the conversion was not finished, or a file is missing.
        ModelCorruptError: a file cannot be read or is not what was written.
        ModelShapeError: a tensor does not fit config.json.
    """
    config = converted_config(folder)
    if verify:
        for entry in _journal(folder)["files"].values():
            path = folder / str(entry["file"])
            if not path.is_file() or sha256_of(path) != entry["sha256"]:
                raise ModelCorruptError(f"{path}: is not what was written; convert again, which makes this file alone anew")
    if placement.is_plain:
        return load_expllm(folder, dtype=placement.dtype, device=placement.device, vision=config.vision)
    return _placed(folder, config, placement)


def converted_config(folder: Path) -> ExpLlmConfig:
    """The sizes of a converted folder.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `load_converted`.
    """
    return ExpLlmConfig.from_file(folder / "config.json", VisionSizes(**_journal(folder)["vision"]))


def weights_version(folder: Path) -> str:
    """A short name for the weights of a converted folder, that changes when they do.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_converted`.
    """
    sums = sorted(str(entry["sha256"]) for entry in _journal(folder)["files"].values())
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:12]


def _journal(folder: Path) -> dict[str, Any]:
    for name in (INDEX_FILE, JOURNAL_FILE):
        if not (folder / name).is_file():
            raise ModelNotFoundError(
                f"{folder / name}: no such file; expected a finished conversion, try: "
                f"realtime-fer models convert expllm PUBLISHED {folder}"
            )
    try:
        journal = json.loads((folder / JOURNAL_FILE).read_text(encoding="utf-8"))
        files = {name: {key: entry[key] for key in ("file", "sha256")} for name, entry in journal["files"].items()}
        return {"vision": dict(journal["vision"]), "files": files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelCorruptError(f"{folder / JOURNAL_FILE}: cannot be read ({error!r}); convert again") from error


def _placed(folder: Path, config: ExpLlmConfig, placement: Placement) -> ExpLlm:
    """The decoder goes through transformers' own loading; adapters are then put into it, beside its stored layers."""
    shards = Shards(folder)
    model = empty_expllm(config)
    require_ours(shards.shapes, model, str(folder))
    decoder: dict[str, Tensor] = {}
    others: dict[str, Tensor] = {}
    for name, value in shards.tensors(torch.device("cpu")):
        if name.startswith(LANGUAGE) and ADAPTER not in name:
            decoder[name.removeprefix(LANGUAGE).replace(".base_layer.", ".")] = value
        else:
            others[name] = value
    language = place_language(LlamaForCausalLM, language_config(config), decoder, placement)
    decoder.clear()
    if config.rank:
        inject_adapter_in_model(adapter_config(config), language, low_cpu_mem_usage=True)
    model.language = language
    for name, value in others.items():
        owner, _, last = name.rpartition(".")
        kept = value.to(_place_of(name, model, placement), torch.float32).contiguous()
        model.get_submodule(owner).register_parameter(last, nn.Parameter(kept, requires_grad=False))
    model.eval()
    return model


def _place_of(name: str, model: ExpLlm, placement: Placement) -> torch.device:
    """Adapters go where the layer is that they belong to."""
    if not name.startswith(LANGUAGE):
        return placement.device
    beside: Any = model.get_submodule(name.partition(ADAPTER)[0]).base_layer
    device: torch.device = beside.weight.device
    return device
