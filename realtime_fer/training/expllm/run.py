"""A training of ExpLLM from files to files; the loop is the one of `training.vlm`.

A run folder holds, besides what `training.vlm.run_folder` names, adapters and projector in trained/ (see `trained`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from realtime_fer.datasets.expllm_records import expllm_faces, read_expllm_list
from realtime_fer.errors import missing_extra
from realtime_fer.fingerprint import records_fingerprint, sha256_of
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer
from realtime_fer.training.expllm.examples import ExpLlmExamples, collate
from realtime_fer.training.expllm.objective import ExpLlmLoss
from realtime_fer.training.expllm.recipe import PUBLISHED, ExpLlmRecipe
from realtime_fer.training.expllm.start import Start
from realtime_fer.training.expllm.trained import require_own_folder, save_trained, save_whole
from realtime_fer.training.loop.run_loop import training_arithmetic
from realtime_fer.training.vlm.checkpointing import checkpoint_activations
from realtime_fer.training.vlm.order import RecordOrder
from realtime_fer.training.vlm.processes import Device, accelerator_for, evenly, weights_device
from realtime_fer.training.vlm.run import open_run
from realtime_fer.training.vlm.steps import StepTask, learning_group
from realtime_fer.training.vlm.trained import learning, restore_trained, trained_tensors

try:
    import torch
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error

TRAINED_FOLDER: Final = "trained"
TRAINED_KEY: Final = "trained"
"""Of the checkpoint."""


def train_expllm(
    *,
    start: Start,
    data: Path,
    out: Path,
    root: Path | None = None,
    recipe: ExpLlmRecipe = PUBLISHED,
    merge_out: Path | None = None,
    device: Device = "auto",
    workers: int = 0,
    threads: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Train adapters and projector, and return their folder, `out/trained`.

    Args:
        start: the model to begin with.
        data: list of sources, see `expllm_records`.
        out: run folder, see `training.vlm.run_folder`.
        root: where relative paths in the list start; None for the working folder.
        recipe: everything else; a resumed run keeps its own.
        merge_out: write the whole model there at the end, for the reasoner; a finished run that is resumed does that alone.
        device: "auto" takes a GPU where there is one; which of several, torchrun says.
        workers: processes that prepare pictures, for each process that trains; 0 prepares them there.
        threads: torch's CPU threads; None leaves them.
        resume: go on from the newest checkpoint in `out`.
        stop_after: leave after this step of the schedule, to resume later.
        progress: told a line every few seconds, by the first process alone.

    Raises:
        DatasetError: records, pictures or checkpoint cannot be used.
        ModelError: something about the model's files, the loss is no longer a number, or `merge_out` holds something else.
        SettingsError: the batch cannot be shared out, there is no such device, or the adapters are others than the model's.
    """
    accelerator = accelerator_for(device)
    start.config(recipe)  # a wrong folder is known at once
    if merge_out is not None:
        require_own_folder(merge_out, start)
    tokenizer = ExpLlmTokenizer.from_folder(start.folder)
    sources = read_expllm_list(data, root)
    digest = records_fingerprint((sha256_of(source.annotations), source.repeat) for source in sources)
    marks = {"records": digest, "base": start.fingerprint()}
    run = open_run(out, recipe, accelerator, marks=marks, trained_key=TRAINED_KEY, resume=resume, progress=progress)
    recipe = run.recipe
    faces = evenly(expllm_faces(sources, recipe.seed), recipe.limit)
    described = sum(face.record.description is not None for face in faces)
    steps = recipe.steps(len(faces))
    with training_arithmetic(threads):
        torch.manual_seed(recipe.seed)
        model = start.load(recipe, weights_device(accelerator))
        if recipe.gradient_checkpointing:
            checkpoint_activations(model.language)
            checkpoint_activations(model.vision)
        about = {"config": asdict(model.config), **marks, "recipe": asdict(recipe)}
        run.train(
            StepTask(
                loss=ExpLlmLoss(model, recipe.precision),
                groups=[learning_group(learning(model).values(), recipe.peak_learning_rate)],
                share_of_peak=lambda step: recipe.share_of_peak(step, steps),
                trained=lambda: trained_tensors(model),
                restore=lambda tensors: restore_trained(model, tensors),
                trained_key=TRAINED_KEY,
            ),
            RecordOrder(recipe, len(faces)),
            ExpLlmExamples(faces, tokenizer, recipe),
            collate,
            steps=steps,
            about=f"{len(faces)} faces, {described} with a description",
            save=lambda held: save_trained(out / TRAINED_FOLDER, held[TRAINED_KEY], {**about, "step": held["step"]}),
            workers=workers,
            stop_after=stop_after,
        )
        if merge_out is not None and accelerator.is_main_process:
            save_whole(merge_out, model, start)
            run.tell(f"whole model: {merge_out}")
    return out / TRAINED_FOLDER
