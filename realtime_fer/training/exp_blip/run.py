"""A training of Exp-BLIP's second stage from files to files; the loop is the one of `training.vlm`.

A run folder holds, besides what `training.vlm.run_folder` names, the network without OPT in exp_blip.pth (see `trained`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from realtime_fer.datasets.exp_blip_captions import captioned_faces
from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.fingerprint import records_fingerprint
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import ExpBlipSizes
from realtime_fer.networks.exp_blip.tokenizer import OptTokenizer
from realtime_fer.training.exp_blip.examples import CaptionExamples, Collate, cut_captions
from realtime_fer.training.exp_blip.objective import MIXED, CaptionLoss
from realtime_fer.training.exp_blip.recipe import PUBLISHED, ExpBlipRecipe, Precision
from realtime_fer.training.exp_blip.start import Start
from realtime_fer.training.exp_blip.trained import published_tensors, save_published
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
    raise missing_extra("training Exp-BLIP", "vlm", error) from error

WEIGHTS_FILE: Final = "exp_blip.pth"
TRAINED_KEY: Final = "trained"
SCALER_KEY: Final = "scaler"
"""Of the checkpoint."""


def train_exp_blip(
    *,
    start: Start,
    data: Sequence[Path],
    images: Sequence[Path],
    out: Path,
    recipe: ExpBlipRecipe = PUBLISHED,
    device: Device = "auto",
    workers: int = 0,
    threads: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Train, and return the file of the network without OPT, `out/exp_blip.pth`.

    Args:
        start: the network to begin with.
        data: caption files, see `exp_blip_captions`.
        images: folders that hold their pictures.
        out: run folder, see `training.vlm.run_folder`.
        recipe: everything else; a resumed run keeps its own.
        device: "auto" takes a GPU where there is one; which of several, torchrun says.
        workers: processes that prepare pictures, for each process that trains; 0 prepares them there.
        threads: torch's CPU threads; None leaves them.
        resume: go on from the newest checkpoint in `out`.
        stop_after: leave after this step of the schedule, to resume later.
        progress: told a line every few seconds, and of captions that are too long, by the first process alone.

    Raises:
        DatasetError: records, pictures or checkpoint cannot be used.
        ModelError: something about the model's files, or the loss is no longer a number.
        SettingsError: the batch cannot be shared out, or there is no such device.
    """
    accelerator = accelerator_for(device)
    tokenizer = OptTokenizer.from_folder(start.opt)
    _require_same_ids(tokenizer, start.sizes)
    everything = captioned_faces(data, images)
    # A CPU has no scale of the loss to keep.
    marks = {"records": records_fingerprint(face.record for face in everything), "base": start.fingerprint(), SCALER_KEY: {}}
    run = open_run(out, recipe, accelerator, marks=marks, trained_key=TRAINED_KEY, resume=resume, progress=progress)
    recipe = run.recipe
    faces = evenly(everything, recipe.limit)
    precision: Precision = "float32" if recipe.precision == "float16" and accelerator.device.type == "cpu" else recipe.precision
    order = RecordOrder(recipe, len(faces), whole_epochs=True)
    with training_arithmetic(threads):
        torch.manual_seed(recipe.seed)
        model = start.load(weights_device(accelerator), MIXED.get(precision, torch.float32))
        if recipe.gradient_checkpointing:
            checkpoint_activations(model.blip.vision_model)
        cut = cut_captions(faces, tokenizer, recipe)
        if cut:
            run.tell(
                f"warning: {cut} of {len(faces)} captions are longer than max_tokens ({recipe.max_tokens}) and lose their end, "
                "so that the network will not learn to stop; raise --max-tokens"
            )
        run.train(
            _task(model, recipe, precision, len(faces)),
            order,
            CaptionExamples(faces, tokenizer, start.sizes, recipe),
            Collate(tokenizer.pad_id),
            steps=recipe.steps(len(faces)),
            about=f"{len(faces)} captions",
            save=lambda held: save_published(out / WEIGHTS_FILE, published_tensors(model, held[TRAINED_KEY])),
            workers=workers,
            stop_after=stop_after,
        )
    return out / WEIGHTS_FILE


def _require_same_ids(tokenizer: OptTokenizer, sizes: ExpBlipSizes) -> None:
    expected = (sizes.opt_begin_id, sizes.opt_pad_id, sizes.opt_end_id)
    found = (tokenizer.begin_id, tokenizer.pad_id, tokenizer.end_id)
    if found != expected:
        raise ModelShapeError(f"tokenizer: expected begin, pad and end ids {expected}, found {found}; is it OPT's?")


def _task(model: ExpBlip, recipe: ExpBlipRecipe, precision: Precision, records: int) -> StepTask:
    return StepTask(
        loss=CaptionLoss(model, precision),
        groups=[learning_group(learning(model).values(), recipe.peak_learning_rate)],
        share_of_peak=lambda step: recipe.share_of_peak(step, records),
        trained=lambda: trained_tensors(model),
        restore=lambda tensors: restore_trained(model, tensors),
        trained_key=TRAINED_KEY,
        scaler=torch.amp.GradScaler("cuda") if precision == "float16" else None,
    )
