"""The model a training begins with: a checkpoint of ExpLLM, or Vicuna and DINOv2 with new adapters and a new projector."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelShapeError, SettingsError, missing_extra
from realtime_fer.fingerprint import files_fingerprint
from realtime_fer.networks.exp_blip.weight_files import mapped_state
from realtime_fer.networks.expllm.checkpoint import from_published, load_expllm
from realtime_fer.networks.expllm.checkpoint_keys import is_dropped, published_shapes, require_published
from realtime_fer.networks.expllm.config import ExpLlmConfig, VisionSizes
from realtime_fer.networks.expllm.convert import JOURNAL_FILE
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.published_files import PublishedFiles
from realtime_fer.networks.tensor_shapes import Shape
from realtime_fer.reasoning.expllm.loading import converted_config
from realtime_fer.training.expllm.recipe import ExpLlmRecipe

try:
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error

VISION_PREFIX = "vision_model."


@dataclass(frozen=True, slots=True)
class Start:
    """What a training begins with.

    Attributes:
        folder: with config.json and the tokenizer: a checkpoint of ExpLLM, or Vicuna's.
        dinov2: dinov2_vitl14_pretrain.pth, where `folder` is Vicuna's; None for a checkpoint.
        vision: sizes of the image encoder; None for what a converted folder says of it, ViT-L/14 for others, which say nothing.
    """

    folder: Path
    dinov2: Path | None = None
    vision: VisionSizes | None = None

    def config(self, recipe: ExpLlmRecipe) -> ExpLlmConfig:
        """The sizes, with the adapters of the recipe.

        Raises:
            ModelError: config.json is missing, or of another kind of model; or the folder was not converted to the end.
            SettingsError: the checkpoint's adapters are others than the recipe's.
        """
        if self.dinov2 is None and self.vision is None and (self.folder / JOURNAL_FILE).is_file():
            config = converted_config(self.folder)
        else:
            config = ExpLlmConfig.from_file(self.folder / "config.json", self.vision)
        if self.dinov2 is None and (config.rank, config.alpha) != (recipe.rank, recipe.alpha):
            raise SettingsError(
                f"rank and alpha: expected those of the checkpoint, {config.rank} and {config.alpha:g}, found "
                f"{recipe.rank} and {recipe.alpha:g}; give --rank {config.rank} --alpha {config.alpha:g}"
            )
        return replace(config, rank=recipe.rank, alpha=recipe.alpha, dropout=recipe.dropout)

    def fingerprint(self) -> str:
        """A short name for these weights, that changes when they do."""
        kinds = ("config.json", "*.safetensors", "*.bin")
        paths = [path for kind in kinds for path in sorted(self.folder.glob(kind))]
        return files_fingerprint(paths if self.dinov2 is None else [*paths, self.dinov2])

    def load(self, recipe: ExpLlmRecipe, device: torch.device) -> ExpLlm:
        """The model, with gradients for adapters and projector alone; new ones are drawn from torch's generator.

        Raises:
            ModelError: something about the files.
            SettingsError: as `config`.
        """
        config = self.config(recipe)
        dtype = torch.bfloat16 if recipe.precision == "bfloat16" else torch.float32
        if self.dinov2 is None:
            model = load_expllm(self.folder, dtype=dtype, device=device, vision=config.vision)
            for layer in model.modules():
                if isinstance(layer, BaseTunerLayer):
                    layer.lora_dropout["default"] = nn.Dropout(recipe.dropout) if recipe.dropout else nn.Identity()
        else:
            model = from_published(self._parts(config, self.dinov2), config, dtype=dtype, device=device)
        model.train_only_small_parts()
        return model

    def _parts(self, config: ExpLlmConfig, dinov2: Path) -> Iterator[tuple[str, Tensor]]:
        """Tensors by published name: Vicuna's, DINOv2's, and new ones for what neither has."""
        language = PublishedFiles(self.folder)
        vision = {VISION_PREFIX + name: value for name, value in mapped_state(dinov2).items()}
        expected = published_shapes(config)
        new = {name: shape for name, shape in expected.items() if ".lora_" in name or name.startswith("mm_projector.")}
        found = {name: shape for name, shape in language.shapes().items() if not is_dropped(name)}
        twice = found.keys() & (vision.keys() | new.keys())
        if twice:
            raise ModelShapeError(
                f"{self.folder}: expected Vicuna alone, found {min(twice)}; a checkpoint of ExpLLM needs no DINOv2 beside it"
            )
        held = found | {name: tuple(value.shape) for name, value in vision.items()} | new
        require_published(held, config, f"{self.folder} and {dinov2}")
        yield from ((name, value) for name, value in language.tensors() if not is_dropped(name))
        yield from ((name, value) for name, value in vision.items() if not is_dropped(name))
        yield from ((name, new_tensor(name, shape)) for name, shape in new.items())


def new_tensor(name: str, shape: Shape) -> Tensor:
    """An adapter that changes nothing yet, or a part of a projector, as torch begins linear layers; float32.

    Source: Hu et al., LoRA, ICLR 2022: the second matrix is zero.
    """
    value = torch.zeros(shape)
    if "lora_B" in name:
        return value
    # Kaiming's rule with a = sqrt(5), which torch's own beginning of a layer comes to as well; biases as narrow as the
    # widest of them.
    inputs = shape[-1]
    return nn.init.uniform_(value, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))


def config_values(start: Start, config: ExpLlmConfig) -> dict[str, Any]:
    """What config.json shall say of the trained model: all that it said, and the adapters."""
    values: dict[str, Any] = json.loads((start.folder / "config.json").read_text(encoding="utf-8"))
    lora = {
        f"lora_{which}_{name}": value
        for which in ("llm", "vision")
        for name, value in (("enable", True), ("r", config.rank), ("alpha", config.alpha), ("dropout", config.dropout))
    }
    fixed = {"model_type": "locllm", "num_patches": 256, "crop_size": 224, "im_patch_token": config.image_token_id}
    return {**values, **lora, **fixed}
