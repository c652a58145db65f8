"""A new adapter on every matrix that the published one adapts, and its files.

    adapter_config.json          settings, in the keys that peft has known since 0.10
    adapter_model.safetensors    the two small matrices of each module
    non_lora_state_dict.bin      what was trained besides: nothing; the published loader wants the file
    config.json                  the model's, which the published loader reads here

Source: find_target_linear_names of 2U1/Phi3-Vision-Finetune; Hu et al., LoRA, ICLR 2022.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.lora import CONFIG_FILE, WEIGHTS_FILE
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.training.chain_of_affect.recipe import ChainRecipe
from realtime_fer.training.vlm.steps import learning_group

try:
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model_state_dict
    from safetensors.torch import save_file
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_ADAPTED: Final = ("lm_head", "model.embed_tokens")
"""Parts of names."""

OTHER_WEIGHTS_FILE: Final = "non_lora_state_dict.bin"

PROJECTOR: Final = ".img_projection."
VISION: Final = ".img_processor."


def adapted_modules(model: Phi3Vision) -> list[str]:
    """Names of the modules that get an update: every linear layer and embedding but those of words."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, nn.Embedding)) and not any(part in name for part in NOT_ADAPTED)
    ]


def new_adapter(model: Phi3Vision, recipe: ChainRecipe) -> PeftModel:
    """Put an untrained adapter on a model, which computes with it from now on; its values are drawn from torch's generator.

    Only the adapter gets gradients, and of it not what sits on the image encoder's last layer: nothing is computed with that.
    """
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        bias="none",
        target_modules=adapted_modules(model),
    )
    adapted = PeftModel(model, config)
    for name, value in model.images.img_processor.vision_model.encoder.layers[-1].named_parameters():
        if "lora_" in name:
            value.requires_grad_(False)
    return adapted


def parameter_groups(adapted: PeftModel, recipe: ChainRecipe) -> list[dict[str, Any]]:
    """What learns, for an optimiser, one group for each learning rate; `peak` keeps the rate that the schedule scales."""
    peaks = {VISION: recipe.vision_learning_rate, PROJECTOR: recipe.projector_learning_rate}
    groups: dict[float, list[Any]] = {}
    for name, value in adapted.named_parameters():
        if value.requires_grad:
            own = next((peak for part, peak in peaks.items() if part in name and peak is not None), recipe.peak_learning_rate)
            groups.setdefault(own, []).append(value)
    return [learning_group(values, peak) for peak, values in groups.items()]


def adapter_tensors(adapted: PeftModel) -> dict[str, Tensor]:
    """Copies of the adapter's tensors on the CPU, by their names in its file."""
    found: Mapping[str, Tensor] = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    return {name: value.detach().cpu().clone().contiguous() for name, value in found.items()}


def save_adapter(folder: Path, tensors: Mapping[str, Tensor], recipe: ChainRecipe, model_folder: Path) -> None:
    """Write an adapter that `LoraAdapter.from_folder`, peft, and the published loader read; each file appears whole.

    Args:
        folder: made where it is missing; the published loader wants "lora" in its name.
        tensors: see `adapter_tensors`.
        recipe: rank, alpha and dropout.
        model_folder: the checkpoint it was trained on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prefix = "base_model.model."
    modules = {name.removeprefix(prefix).partition(".lora_")[0] for name in tensors}
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(model_folder),
        "inference_mode": True,
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": recipe.dropout,
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "modules_to_save": None,
        "use_dora": False,
        "use_rslora": False,
        "target_modules": sorted(modules),
    }
    _write(folder / WEIGHTS_FILE, lambda path: save_file(dict(tensors), str(path), metadata={"format": "pt"}))
    _write(folder / OTHER_WEIGHTS_FILE, lambda path: torch.save({}, path))
    _write(folder / "config.json", lambda path: path.write_bytes((model_folder / "config.json").read_bytes()))
    # Last: a folder that has it is complete.
    _write(folder / CONFIG_FILE, lambda path: path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8"))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(path.name + ".partial")
    write(partial)
    partial.replace(path)
