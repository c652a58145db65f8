"""A model from the published tensors, or from a converted folder.

All shapes are compared before a weight is set, so that a wrong folder is known at once. Tensors are then set one at a time:
peak memory is the model in its wanted type, and one file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, ModelShapeError, missing_extra
from realtime_fer.networks.expllm.checkpoint_keys import converted, require_published
from realtime_fer.networks.expllm.config import ExpLlmConfig, VisionSizes
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.published_files import PublishedFiles
from realtime_fer.networks.safetensors_shards import INDEX_FILE, Shards

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

CONVERTED_PREFIXES: Final = ("language.", "vision.", "projector.")


def load_expllm(
    folder: Path,
    *,
    dtype: torch.dtype = torch.bfloat16,
    device: torch.device | str = "cpu",
    attention: str = "sdpa",
    vision: VisionSizes | None = None,
) -> ExpLlm:
    """A model ready to answer.

    Args:
        folder: as published (pytorch_model-*.bin or safetensors, config.json), or as `convert` wrote it.
        dtype: of the decoder's base weights; adapters, image encoder and projector stay float32, as in the published
            evaluation.
        device: where they go.
        attention: see `ExpLlm`.
        vision: sizes of the image encoder, which config.json does not state; None for ViT-L/14.

    Raises:
        ModelNotFoundError: a file is missing.
        ModelCorruptError: a file cannot be read, or tensors are missing or left over.
        ModelShapeError: a tensor has another shape than config.json says.
    """
    config = ExpLlmConfig.from_file(folder / "config.json", vision)
    where = torch.device(device)
    if (folder / INDEX_FILE).is_file():
        shards = Shards(folder)
        if all(name.startswith(CONVERTED_PREFIXES) for name in shards.shapes):
            model = empty_expllm(config, attention)
            require_ours(shards.shapes, model, str(folder))
            fill(model, shards.tensors(where), dtype, where)
            return model.eval()
    files = PublishedFiles(folder)
    require_published(files.shapes(), config, str(folder))
    return from_published(files.tensors(), config, dtype=dtype, device=where, attention=attention)


def from_published(
    tensors: Iterable[tuple[str, Tensor]],
    config: ExpLlmConfig,
    *,
    dtype: torch.dtype = torch.bfloat16,
    device: torch.device | str = "cpu",
    attention: str = "sdpa",
) -> ExpLlm:
    """A model from published names and tensors; arguments as for `load_expllm`.

    Raises:
        ModelCorruptError: tensors are missing.
    """
    model = empty_expllm(config, attention)
    adapters = bool(config.rank)
    fill(
        model,
        (pair for name, value in tensors for pair in converted(name, value, adapters).items()),
        dtype,
        torch.device(device),
    )
    return model.eval()


def empty_expllm(config: ExpLlmConfig, attention: str = "sdpa") -> ExpLlm:
    """A model without memory for its weights."""
    with torch.device("meta"):
        return ExpLlm(config, attention)


def require_ours(found: dict[str, tuple[int, ...]], model: ExpLlm, what: str) -> None:
    """Raise unless these are exactly the model's own tensors.

    Raises:
        ModelCorruptError: names are missing or left over.
        ModelShapeError: a shape differs.
    """
    expected = {name: tuple(value.shape) for name, value in model.named_parameters()}
    different = sorted(expected.keys() ^ found.keys())
    if different:
        raise ModelCorruptError(
            f"{what}: {len(different)} tensors missing or left over ({different[0]}, ...); convert it again"
        )
    wrong = next((name for name, shape in expected.items() if found[name] != shape), None)
    if wrong is not None:
        raise ModelShapeError(f"{what}: {wrong} is {found[wrong]}, expected {expected[wrong]}; does config.json belong to it?")


def fill(model: ExpLlm, tensors: Iterable[tuple[str, Tensor]], dtype: torch.dtype, device: torch.device) -> None:
    """Set every weight of an empty model.

    Args:
        tensors: by our names; each is set as it comes and may then be forgotten.
        dtype: of the decoder's base weights; everything else becomes float32.

    Raises:
        ModelCorruptError: weights are missing, or one has no place.
        ModelShapeError: one has another shape.
    """
    open_names = {name: value.shape for name, value in model.named_parameters()}
    for name, value in tensors:
        if name not in open_names:
            raise ModelCorruptError(f"weights: {name} has no place in the model, or came twice")
        if value.shape != open_names.pop(name):
            raise ModelShapeError(f"weights: {name} is {tuple(value.shape)}, which is not its shape in the model")
        base = name.startswith("language.") and ".lora_" not in name
        owner, _, last = name.rpartition(".")
        kept = value.to(device, dtype if base else torch.float32).contiguous()
        model.get_submodule(owner).register_parameter(last, nn.Parameter(kept, requires_grad=False))
    if open_names:
        raise ModelCorruptError(f"weights: {len(open_names)} are missing ({next(iter(open_names))}, ...)")
    model.renew_tables(device)
