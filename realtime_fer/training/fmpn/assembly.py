"""The stage and the way that a recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.networks.fmpn.compact_classifier import FACE_SIZE_PX as COMPACT_FACE_SIZE_PX
from realtime_fer.networks.fmpn.inception_v3 import SMALLEST_FACE_PX
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.one_cycle_way import OneCycleWay
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures
from realtime_fer.training.fmpn.published_way import PublishedWay
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.stages import ClassifierStage, MaskStage, Stage
from realtime_fer.training.fmpn.trained import load_generator_state, split_states
from realtime_fer.training.fmpn.way import Lessons, Way
from realtime_fer.training.loop.accelerator import share_of

try:
    from accelerate import Accelerator
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


def stage_of(
    recipe: FmpnRecipe, classes: int, *, start: Path, pretrained: Path | None, saved: Mapping[str, Any] | None
) -> Stage:
    """What is trained.

    Args:
        classes: how many expressions.
        start: where the second stage's mask generator comes from, see `trained.load_generator_state`.
        pretrained: ImageNet weights of the second stage's Inception v3.
        saved: a checkpoint to go on from, whose weights make the last two needless.

    Raises:
        DatasetError: faces of this size do not do for the classifier.
        ModelError: a weight file cannot be used.
    """
    if recipe.stage == "masks":
        return MaskStage(recipe)
    if recipe.classifier == "compact" and recipe.size_px != COMPACT_FACE_SIZE_PX:
        raise DatasetError(f"face size: the compact classifier needs {COMPACT_FACE_SIZE_PX} pixels, found {recipe.size_px}")
    if recipe.classifier == "inception" and recipe.size_px < SMALLEST_FACE_PX:
        raise DatasetError(
            f"face size: Inception v3 needs at least {SMALLEST_FACE_PX} pixels, found {recipe.size_px}; "
            "the compact classifier takes 48"
        )
    generator = None
    if not recipe.without_mask:
        generator = load_generator_state(start) if saved is None else split_states(saved["model"])["resface"]
    return ClassifierStage(recipe, classes, generator, pretrained if saved is None else None)


def way_of(
    recipe: FmpnRecipe,
    data: tuple[LabelledFaces, LabelledFaces, MaskPictures],
    accelerator: Accelerator,
    *,
    colour: bool,
    workers: int,
) -> Way:
    """How it is taught, by this process' share of every batch.

    Args:
        data: faces, held-out faces and masks, as `preparation.prepared` gives them.
        colour: with the colour face.
        workers: processes that make samples; `one-cycle` makes them in place.
    """
    lessons = Lessons(recipe, *data, colour=colour, share=share_of(accelerator))
    if recipe.schedule == "published":
        return PublishedWay(lessons, workers=workers)
    # Accelerate numbers the CPUs of several processes; tensors bear no such number.
    device = "cpu" if accelerator.device.type == "cpu" else str(accelerator.device)
    return OneCycleWay(lessons, device=device)
