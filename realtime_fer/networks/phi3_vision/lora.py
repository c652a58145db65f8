"""The published adapter: low-rank updates of most matrices, merged or kept apart.

    W' = W + scale * B A        (linear layers)
    W' = W + scale * (B A)^T    (the position embedding of the image encoder)

Source: Hu et al., LoRA, ICLR 2022; file form of peft.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.networks.json_settings import read_settings
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.safetensors_shards import read_tensors

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

if TYPE_CHECKING:
    from peft import PeftModel

CONFIG_FILE: Final = "adapter_config.json"
WEIGHTS_FILE: Final = "adapter_model.safetensors"
OLD_WEIGHTS_FILE: Final = "adapter_model.bin"
PREFIX: Final = "base_model.model."

_SUFFIXES: Final = {
    ".lora_A.weight": ("down", False),
    ".lora_B.weight": ("up", False),
    ".lora_embedding_A": ("down", True),
    ".lora_embedding_B": ("up", True),
}
_REFUSED: Final = ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "layers_to_transform", "megatron_config")
"""Options of peft that change the arithmetic above, and that the published adapter does not use."""


class LowRank(NamedTuple):
    """One module's update.

    Attributes:
        down: "A", shape (r, in); for an embedding (r, rows).
        up: "B", shape (out, r); for an embedding (columns, r).
        embedding: the module is an embedding, whose weight is (rows, columns).
    """

    down: Tensor
    up: Tensor
    embedding: bool

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape of the weight it updates."""
        out_size, in_size = int(self.up.shape[0]), int(self.down.shape[1])
        return (in_size, out_size) if self.embedding else (out_size, in_size)


@dataclass(frozen=True, slots=True, eq=False)
class LoraAdapter:
    """Updates by the name of their module, and how much each counts.

    Attributes:
        modules: keys as in the model ("model.layers.0.self_attn.qkv_proj").
        rank: r.
        alpha: numerator of the scale.
        rank_stabilised: the scale is alpha / sqrt(r), not alpha / r.
        dropout: of the training; matters only where training goes on.
    """

    modules: dict[str, LowRank]
    rank: int
    alpha: float
    rank_stabilised: bool = False
    dropout: float = 0.0

    @property
    def scale(self) -> float:
        """What the product of the two matrices is multiplied by."""
        return self.alpha / (math.sqrt(self.rank) if self.rank_stabilised else self.rank)

    @classmethod
    def from_folder(cls, folder: Path) -> LoraAdapter:
        """Read adapter_config.json and the weights beside it.

        Raises:
            ModelNotFoundError: one of them is missing.
            ModelCorruptError: one cannot be read, or holds what no LoRA adapter holds.
            ModelShapeError: it uses an option that is not supported, or shapes contradict each other.
        """
        config = _read_config(folder / CONFIG_FILE)
        rank = config["r"]
        modules = _modules(_read_weights(folder), str(folder))
        for name, update in modules.items():
            if update.down.shape[0] != rank or update.up.shape[1] != rank:
                raise ModelShapeError(
                    f"{folder}: {name} has A {tuple(update.down.shape)} and B {tuple(update.up.shape)}, expected rank {rank}"
                )
        return cls(
            modules,
            rank,
            config["lora_alpha"],
            bool(config.get("use_rslora")),
            config.get("lora_dropout") or 0.0,
        )

    def require_fits(self, model: Phi3Vision) -> None:
        """Raise ModelShapeError unless the model has every module, with the right shape."""
        modules = dict(model.named_modules())
        for name, update in self.modules.items():
            module = modules.get(name)
            if not isinstance(module, nn.Embedding if update.embedding else nn.Linear):
                raise ModelShapeError(
                    f"adapter: {name} is {'missing' if module is None else type(module).__name__} in the model, expected "
                    f"{'an embedding' if update.embedding else 'a linear layer'}; was it made for another one?"
                )
            if tuple(module.weight.shape) != update.weight_shape:
                raise ModelShapeError(
                    f"adapter: {name} is {tuple(module.weight.shape)} in the model, but {update.weight_shape} in the adapter"
                )

    def merged(self, name: str, weight: Tensor) -> Tensor:
        """A weight with its update, in float32; as it is where there is none.

        Args:
            name: of the tensor ("model.layers.0.self_attn.qkv_proj.weight").
            weight: as stored.
        """
        module, _, last = name.rpartition(".")
        if last != "weight" or module not in self.modules:
            return weight
        update = self.modules[module]
        product = update.up.to(weight.device, torch.float32) @ update.down.to(weight.device, torch.float32)
        return weight.to(torch.float32) + self.scale * (product.T if update.embedding else product)

    def merge_into(self, model: Phi3Vision) -> None:
        """Update a loaded model in place, in float32, cast back once.

        Raises:
            ModelShapeError: it does not fit.
        """
        self.require_fits(model)
        with torch.no_grad():
            for module in self.modules:
                weight = model.get_parameter(f"{module}.weight")
                weight.copy_(self.merged(f"{module}.weight", weight))

    def attach_to(self, model: Phi3Vision, trainable: bool = False) -> PeftModel:
        """Put the updates beside the weights, through peft; they can be switched off, trained on, and saved again.

        `model` itself is changed: it computes with the adapter from now on.

        Args:
            model: loaded without adapter.
            trainable: the updates get gradients.

        Raises:
            ModelShapeError: it does not fit.
            MissingExtraError: peft is not installed.
        """
        try:
            from peft import LoraConfig, PeftModel, set_peft_model_state_dict
        except ImportError as error:
            raise missing_extra("an adapter kept apart", "vlm", error) from error
        self.require_fits(model)
        config = LoraConfig(
            r=self.rank,
            # peft's type says int; the scale needs no more than a number.
            lora_alpha=self.alpha,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            use_rslora=self.rank_stabilised,
            # In full, so that nothing else that ends alike is adapted.
            target_modules=list(self.modules),
            inference_mode=not trainable,
        )
        attached = PeftModel(model, config)
        set_peft_model_state_dict(attached, self.tensors())
        return attached if trainable else attached.eval()

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by their names in an adapter's file."""
        named = {}
        for module, update in self.modules.items():
            ends = (".lora_embedding_A", ".lora_embedding_B") if update.embedding else (".lora_A.weight", ".lora_B.weight")
            named[PREFIX + module + ends[0]] = update.down
            named[PREFIX + module + ends[1]] = update.up
        return named


def _read_config(path: Path) -> dict[str, Any]:
    config = read_settings(path, "name the folder of an adapter")
    if config.get("peft_type") != "LORA" or not config.get("r") or "lora_alpha" not in config:
        raise ModelCorruptError(f"{path}: expected the settings of a LoRA adapter (peft_type, r, lora_alpha)")
    used = [name for name in _REFUSED if config.get(name)]
    if config.get("bias", "none") != "none":
        used.append("bias")
    if used:
        raise ModelShapeError(f"{path}: {', '.join(used)} not supported; expected a plain LoRA adapter")
    return config


def _read_weights(folder: Path) -> dict[str, Tensor]:
    for name in (WEIGHTS_FILE, OLD_WEIGHTS_FILE):
        if (folder / name).is_file():
            return read_tensors(folder / name, "an adapter's weights")
    raise ModelNotFoundError(f"{folder}: neither {WEIGHTS_FILE} nor {OLD_WEIGHTS_FILE}; name the folder of an adapter")


def _modules(tensors: dict[str, Tensor], what: str) -> dict[str, LowRank]:
    """Pair the tensors of a file."""
    parts: dict[str, dict[str, Tensor]] = {}
    embeddings = set()
    for key, value in tensors.items():
        suffix = next((end for end in _SUFFIXES if key.endswith(end)), None)
        if suffix is None or not key.startswith(PREFIX) or value.ndim != 2:
            raise ModelCorruptError(f"{what}: {key} of shape {tuple(value.shape)} is no part of a LoRA adapter")
        side, embedding = _SUFFIXES[suffix]
        module = key[len(PREFIX) : -len(suffix)]
        parts.setdefault(module, {})[side] = value
        if embedding:
            embeddings.add(module)
    for module, sides in parts.items():
        if len(sides) != 2:
            raise ModelCorruptError(f"{what}: {module} has only the {next(iter(sides))}-projection; expected both")
    if not parts:
        raise ModelCorruptError(f"{what}: the adapter is empty")
    return {module: LowRank(sides["down"], sides["up"], module in embeddings) for module, sides in parts.items()}
