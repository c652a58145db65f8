"""A model from the published files, and back.

Every shape is compared before any weight is read, so that a wrong folder is known at once. Tensors are then read, adapted and
cast one at a time: peak memory is the model in its wanted type, and one tensor. On a CPU, what is wanted as it is stored stays
in the mapped files until it is used; writing to it leaves the files as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.checkpoint_writing import grouped_by_size, replace_json, write_tensors
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.lora import LoraAdapter
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards
from realtime_fer.networks.tensor_shapes import require_shapes

try:
    import torch
    from torch import nn
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

MAX_SHARD_BYTES: Final = 5_000_000_000

EMBEDDING_ALIAS: Final = "model.vision_embed_tokens.wte.weight"
"""A second name of the token embedding, which some tools write too."""


def load_phi3_vision(
    folder: Path,
    *,
    dtype: torch.dtype = torch.bfloat16,
    device: torch.device | str = "cpu",
    adapter: LoraAdapter | None = None,
    attention: str = "sdpa",
    tower: VisionTowerSizes = CLIP_VIT_L_14_336,
) -> Phi3Vision:
    """A model ready to answer, from a folder with config.json and safetensors files.

    Args:
        folder: as published, whole.
        dtype: of the weights in memory.
        device: where they go, file by file.
        adapter: merged in float32 on the way in, and cast once; None for the base model.
        attention: see `Phi3Vision`.
        tower: sizes of the image encoder, which config.json does not state.

    Raises:
        ModelNotFoundError: a file is missing.
        ModelCorruptError: a file cannot be read, or tensors are missing or left over.
        ModelShapeError: a tensor has another shape than config.json says, or the adapter does not fit.
    """
    config = Phi3VisionConfig.from_file(folder / "config.json", tower)
    shards = Shards(folder)
    with torch.device("meta"):
        model = Phi3Vision(config, attention)
    parameters = dict(model.named_parameters())
    found = {name: shape for name, shape in shards.shapes.items() if name != EMBEDDING_ALIAS}
    require_shapes(
        found,
        {name: tuple(value.shape) for name, value in parameters.items()},
        str(folder),
        is_it="is it a whole Phi-3.5-vision checkpoint, and not an adapter?",
        sizes="config.json",
    )
    if adapter is not None:
        adapter.require_fits(model)
    where = torch.device(device)
    for name, stored in shards.tensors(where):
        if name not in parameters:
            continue
        value = stored if adapter is None else adapter.merged(name, stored)
        owner, _, last = name.rpartition(".")
        setattr(model.get_submodule(owner), last, nn.Parameter(value.to(dtype), requires_grad=False))
    model.images.img_processor.renew_positions(where)
    return model.eval()


def save_checkpoint(model: Phi3Vision, folder: Path, max_shard_bytes: int = MAX_SHARD_BYTES) -> None:
    """Write the weights with their published names, in as many files as it takes, and the index.

    For servers that want a merged checkpoint; config.json and the tokenizer's files are copied by the caller.

    Raises:
        ShapeError: an adapter is attached and not merged: its layers have other names.
    """
    state = model.state_dict()
    if any(".base_layer." in name for name in state):
        raise ShapeError("checkpoint: the model carries an adapter that is not merged; load it with `adapter=` instead")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX_FILE).unlink(missing_ok=True)
    sizes_bytes = {name: value.numel() * value.element_size() for name, value in state.items()}
    groups = grouped_by_size(sizes_bytes, max_shard_bytes)
    file_of = {}
    for number, names in enumerate(groups, 1):
        file_name = f"model-{number:05d}-of-{len(groups):05d}.safetensors"
        write_tensors(folder / file_name, {name: state[name].contiguous() for name in names})
        file_of.update(dict.fromkeys(names, file_name))
    index = {"metadata": {"total_size": sum(sizes_bytes.values())}, "weight_map": file_of}
    replace_json(folder / INDEX_FILE, index)
