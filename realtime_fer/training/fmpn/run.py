"""Train FMPN: first the mask generator alone, then all three parts.

`realtime-fer train fmpn` calls this; the same code runs on a CPU, on a GPU, and in the processes of torchrun.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from realtime_fer.errors import DatasetError, ModelNotFoundError, SettingsError
from realtime_fer.networks.fmpn.motion_mask_generator import Norm
from realtime_fer.training.fmpn.assembly import stage_of, way_of
from realtime_fer.training.fmpn.epochs import run_epochs
from realtime_fer.training.fmpn.losses import MASK_WEIGHT
from realtime_fer.training.fmpn.preparation import prepared
from realtime_fer.training.fmpn.pseudo_masks import write_masks
from realtime_fer.training.fmpn.published_defaults import recipe_with_defaults
from realtime_fer.training.fmpn.recipe import ClassifierName, FmpnRecipe, Layout, Schedule, StageName
from realtime_fer.training.fmpn.samples import SMALLEST_SHARE
from realtime_fer.training.loop.accelerator import Device, MixedPrecision, end_processes, new_accelerator
from realtime_fer.training.loop.progress import PlainProgress, SilentProgress, TrainingProgress
from realtime_fer.training.loop.run_files import (
    CHECKPOINT_NAME,
    GOES_ON,
    STILL_TO_DO,
    require_no_run,
    require_same,
    require_writable,
)
from realtime_fer.training.loop.run_loop import resumed, training_arithmetic

log = logging.getLogger(__name__)

MASKS_FOLDER = "pseudo-masks"

FEW_EPOCHS: Final = 10
"""Below, an epoch that learns nothing is a good part of the run, and is told."""


def train_fmpn(
    *,
    data: Path,
    out: Path,
    stage: StageName,
    epochs: int | None = None,
    decay_epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    generator_learning_rate: float | None = None,
    weight_decay: float = 0.05,
    mask_weight: float = MASK_WEIGHT,
    classifier: ClassifierName = "inception",
    backbone: str = "small",
    dropout: float = 0.2,
    without_mask: bool = False,
    schedule: Schedule = "published",
    camera_share: float = 1.0,
    size_px: int | None = None,
    channels: int = 64,
    blocks: int = 4,
    norm: Norm = "batch",
    width: float = 1.0,
    neutral: str = "neutral",
    without_neutral: bool = False,
    masks: Path | None = None,
    people_in_names: bool = False,
    layout: Layout = "folders",
    fold: int | None = None,
    generator: Path | None = None,
    pretrained: Path | None = None,
    held_out: float = 0.05,
    seed: int = 0,
    mixed_precision: MixedPrecision | None = None,
    device: Device = "auto",
    threads: int | None = None,
    workers: int = 0,
    limit: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: TrainingProgress | None = None,
) -> Path:
    """Train one stage and return the path of its last checkpoint, `out/<stage>/last.pt`.

    Args:
        data: npz file of FER+ training faces, or a folder with a sub-folder of pictures for each class; see also `layout`.
        out: run folder of both stages; gets a folder for each, and the pseudo masks.
        stage: `masks`, then `classifier`.
        epochs: None is the published number, 300 and 200.
        decay_epochs: how many of them, at the end, with a declining learning rate; None is half.
        batch: on all processes; None is the published number, 32 and 16, or 128 with the schedule `one-cycle`.
        learning_rate: Adam's, or AdamW's at the top of the one cycle; None is 1e-4, or 3e-3.
        generator_learning_rate: of the mask generator in the second stage; None is 1e-5, or a tenth of `learning_rate`.
        weight_decay: AdamW's, only with `one-cycle`.
        mask_weight: of the mask's error in the second stage; the authors' code has 0.1, the paper is quoted with 10.
        classifier: `inception` as published, or `compact`, ours for 48 pixels; give both stages the same.
        backbone, dropout: of the compact classifier, see `networks.compact_emotion_gcn.BACKBONES`.
        without_mask: the second stage without the first: the fusion sees the whole grey face. For comparison.
        schedule: `published`, or `one-cycle`, how our own classifiers are taught, to compare FMPN with them.
        camera_share: of faces spoiled as a camera does; only with `one-cycle`, see `expression_augmentation.augment`.
        size_px: side of the faces, 0 or 3 modulo 4; None is 299, or 48 for the compact classifier.
        channels, blocks, norm, width: see `FmpnRecipe`.
        neutral: the class of faces that show nothing.
        without_neutral: such faces make the masks only, as in the paper; otherwise they are a class, with a black mask.
        masks: folder of ready masks, see `pseudo_masks.read_masks`; None makes them.
        people_in_names: picture names begin with who they show; masks then compare faces of one person, as in the paper,
            and whole people are held out.
        layout: `fmpn` reads the authors' folder of CK+ or MMI, its lists, labels and ready masks; see `datasets.fmpn_folds`.
        fold: 0 to 9, with that layout: whose people are not trained on.
        generator: where the second stage's generator comes from; None is the first stage's checkpoint in `out`.
        pretrained: torchvision's ImageNet weights of Inception v3, with which the published second stage begins.
        held_out: share of the faces kept from training, chosen at random; 0 for none, as published.
        mixed_precision: None is `no`, or `bf16` with the schedule `one-cycle`.
        device: `auto` takes a GPU where there is one; which of several, torchrun says.
        threads: torch's CPU threads; None leaves them.
        workers: processes that make samples, for each process that trains.
        limit: at most this many training faces, for a trial; masks are still made of all.
        resume: go on from the stage's checkpoint in `out`, with the recipe it was started with.
        stop_after: leave after this many epochs of the schedule, to resume later.
        progress: told by the first process alone; None tells the log.

    Raises:
        DatasetError: `data` or `masks` lack something, `data` is not that of the run to be resumed, there is none, or one in
            `out` that is not to be resumed.
        ModelError: the first stage was not trained, a weight file cannot be used, or the loss is no number any more.
        ShapeError: `size_px` does not do.
        SettingsError: more epochs decline than there are, the batch cannot be shared out, there is no such device, or it cannot
            compute so.
    """
    recipe = recipe_with_defaults(
        stage=stage,
        epochs=epochs,
        decay_epochs=decay_epochs,
        batch=batch,
        learning_rate=learning_rate,
        generator_learning_rate=generator_learning_rate,
        weight_decay=weight_decay,
        mask_weight=mask_weight,
        size_px=size_px,
        channels=channels,
        blocks=blocks,
        norm=norm,
        width=width,
        neutral=neutral,
        without_neutral=without_neutral,
        masks=None if masks is None else str(masks),
        people_in_names=people_in_names,
        held_out=held_out,
        seed=seed,
        limit=limit,
        classifier=classifier,
        schedule=schedule,
        backbone=backbone,
        dropout=dropout,
        without_mask=without_mask,
        camera_share=camera_share,
        layout=layout,
        fold=fold,
        mixed_precision=mixed_precision,
    )
    folder, saved = out / stage, None
    start = generator or out / "masks" / CHECKPOINT_NAME
    if resume:
        recipe, saved = resumed(folder, FmpnRecipe)
    else:
        require_no_run(folder)
        if stage == "classifier" and generator is None and not without_mask and not start.is_file():
            raise ModelNotFoundError(
                f"{start}: expected the mask generator of the first stage, found none; train it first, with the other options "
                f"as they are: realtime-fer train fmpn --stage masks --data {data} --out {out}"
            )
    accelerator = new_accelerator(device, recipe.precision)
    shown = (progress or PlainProgress(log.info)) if accelerator.is_main_process else SilentProgress()
    faces, unseen, pictures = prepared(data, recipe)
    _require_shares(recipe, len(faces), accelerator.num_processes)
    if saved is not None and saved["labels"] != list(faces.labels):
        raise DatasetError(
            f"{data}: expected the classes of the run in {folder} ({', '.join(saved['labels'])}), "
            f"found {', '.join(faces.labels)}"
        )
    digest = faces.fingerprint()
    if saved is not None:  # checkpoints of earlier versions say nothing of their data but its classes
        require_same(folder / CHECKPOINT_NAME, "--data", saved.get("data", digest), digest)
    # Ready masks may lie where the masks of the run are written.
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        require_writable(folder)
        write_masks(out / MASKS_FOLDER, faces.labels, pictures)
    shown.line(
        f"{len(faces)} faces of {len(faces.labels)} classes, {len(unseen)} held out; masks: {out / MASKS_FOLDER}; "
        f"on {accelerator.num_processes} x {accelerator.device.type}"
    )
    task = stage_of(recipe, len(faces.labels), start=start, pretrained=pretrained, saved=saved)
    already = 0
    if saved is not None:
        already = saved["epoch"]
        shown.line(GOES_ON.format(done=already, epochs=recipe.epochs))
    if stage == "classifier" and saved is None and pretrained is None and recipe.classifier == "inception":
        shown.line("the classifier starts at random; the published one starts with ImageNet's weights (--pretrained)")
    if recipe.schedule == "published" and 1 < recipe.epochs < FEW_EPOCHS:
        shown.line(f"of these {recipe.epochs} epochs the last has a learning rate of 0, as published")
    way = way_of(recipe, (faces, unseen, pictures), accelerator, colour=task.colour, workers=workers)
    with training_arithmetic(threads):
        checkpoint = run_epochs(
            accelerator,
            task,
            way,
            recipe,
            folder,
            about={
                "labels": list(faces.labels),
                "grey_faces": recipe.schedule == "one-cycle" or faces.grey,
                "data": digest,
            },
            has_held_out=bool(len(unseen)),
            saved=saved,
            progress=shown,
            stop_after=stop_after,
        )
    done = max(already, min(recipe.epochs, stop_after or recipe.epochs))
    if done < recipe.epochs:
        following = f"{STILL_TO_DO} ({done} of {recipe.epochs} epochs are done)"
    elif stage == "masks":
        following = f"realtime-fer train fmpn --stage classifier --data {data} --out {out}, with the other options as they were"
    else:
        following = f"realtime-fer export fmpn --weights {checkpoint}"
    shown.line(f"checkpoint: {checkpoint}; next: {following}")
    end_processes(accelerator)
    return checkpoint


def _require_shares(recipe: FmpnRecipe, faces: int, processes: int) -> None:
    least = SMALLEST_SHARE * processes
    if processes > 1 and min(recipe.batch, faces) < least:
        what = f"batch {recipe.batch}" if recipe.batch < least else f"{faces} training faces"
        raise SettingsError(f"{what}: expected at least {SMALLEST_SHARE} faces for each of {processes} processes")
