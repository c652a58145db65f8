"""A fine-tuning from files to files; the loop is the one of `training.vlm`.

A run folder holds, besides what `training.vlm.run_folder` names, the adapter in lora/ (see `adapter`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from realtime_fer.datasets.chain_records import find_pictures, read_chain_records, records_digest
from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.phi3_vision import weights_version
from realtime_fer.training.chain_of_affect.adapter import adapter_tensors, new_adapter, parameter_groups, save_adapter
from realtime_fer.training.chain_of_affect.examples import ChainExamples, collate
from realtime_fer.training.chain_of_affect.objective import ChainLoss
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED, ChainRecipe
from realtime_fer.training.loop.run_loop import training_arithmetic
from realtime_fer.training.vlm.checkpointing import checkpoint_activations
from realtime_fer.training.vlm.order import RecordOrder
from realtime_fer.training.vlm.processes import Device, accelerator_for, evenly, weights_device
from realtime_fer.training.vlm.run import open_run
from realtime_fer.training.vlm.steps import StepTask

try:
    import torch
    from accelerate import Accelerator
    from peft import set_peft_model_state_dict
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error

DTYPES: Final = {"bfloat16": torch.bfloat16, "float32": torch.float32}

ADAPTER_FOLDER: Final = "lora"
ADAPTER_KEY: Final = "adapter"
"""Of the checkpoint."""


def train_chain_of_affect(
    *,
    model: Path,
    data: Path,
    images: Sequence[Path],
    out: Path,
    recipe: ChainRecipe = PUBLISHED,
    device: Device = "auto",
    workers: int = 0,
    threads: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
    tower: VisionTowerSizes = CLIP_VIT_L_14_336,
) -> Path:
    """Fine-tune and return the folder of the adapter, `out/lora`.

    Args:
        model: folder of microsoft/Phi-3.5-vision-instruct.
        data: records, see `chain_records`.
        images: folders that hold their pictures.
        out: run folder, see `run_folder`.
        recipe: everything else; a resumed run keeps its own.
        device: "auto" takes a GPU where there is one; which of several, torchrun says.
        workers: processes that prepare pictures, for each process that trains; 0 prepares them there.
        threads: torch's CPU threads; None leaves them.
        resume: go on from the newest checkpoint in `out`.
        stop_after: leave after this step of the schedule, to resume later.
        progress: told a line every few seconds, by the first process alone.
        tower: sizes of the image encoder.

    Raises:
        DatasetError: records, pictures or checkpoint cannot be used.
        ModelError: something about the model's files, or the loss is no longer a number.
        SettingsError: the batch cannot be shared out, or there is no such device.
    """
    accelerator = accelerator_for(device)
    Phi3VisionConfig.from_file(model / "config.json", tower)  # a wrong folder is known at once
    everything = read_chain_records(data)
    marks = {"records": records_digest(everything), "base": weights_version(model, None)}
    run = open_run(out, recipe, accelerator, marks=marks, trained_key=ADAPTER_KEY, resume=resume, progress=progress)
    recipe = run.recipe
    records = evenly(everything, recipe.limit)
    paths = find_pictures(records, images, str(data))
    second = sum(record.primary is not None for record in records)
    steps = recipe.steps(len(records))
    with training_arithmetic(threads):
        run.train(
            _task(accelerator, recipe, steps, model, tower),
            RecordOrder(recipe, len(records)),
            ChainExamples(records, paths, Phi3VisionTokenizer.from_file(model / "tokenizer.json"), recipe.num_crops),
            collate,
            steps=steps,
            about=f"{len(records) - second} first and {second} second questions",
            save=lambda contents: save_adapter(out / ADAPTER_FOLDER, contents[ADAPTER_KEY], recipe, model),
            workers=workers,
            stop_after=stop_after,
        )
    return out / ADAPTER_FOLDER


def _task(accelerator: Accelerator, recipe: ChainRecipe, steps: int, model_folder: Path, tower: VisionTowerSizes) -> StepTask:
    model = load_phi3_vision(model_folder, dtype=DTYPES[recipe.precision], device=weights_device(accelerator), tower=tower)
    torch.manual_seed(recipe.seed)
    adapted = new_adapter(model, recipe)
    if recipe.gradient_checkpointing:
        # The decoder's own switch also reaches the image encoder, which is a part of it.
        checkpoint_activations(model.model)
    return StepTask(
        loss=ChainLoss(model, recipe.precision),
        groups=parameter_groups(adapted, recipe),
        share_of_peak=lambda step: recipe.share_of_peak(step, steps),
        trained=lambda: adapter_tensors(adapted),
        restore=lambda tensors: set_peft_model_state_dict(adapted, dict(tensors)),
        trained_key=ADAPTER_KEY,
    )
