"""Faces to learn from, faces to hold out, and the masks of both, as a recipe says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime_fer.datasets.ferplus import split_held_out
from realtime_fer.errors import DatasetError
from realtime_fer.training.fmpn.faces import LabelledFaces, load_faces, load_fold
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures, make_masks, read_masks
from realtime_fer.training.fmpn.recipe import FmpnRecipe

HELD_OUT_SEED = 2019
"""Fixed apart from the training seed, so that both stages and every run hold the same faces out."""


def prepared(data: Path, recipe: FmpnRecipe) -> tuple[LabelledFaces, LabelledFaces, MaskPictures]:
    """Faces to learn from, faces held out, and the mask of each class; held-out faces have no part in the masks.

    Raises:
        DatasetError: see `load_faces`, `load_fold`, `make_masks`, `read_masks`; or the neutral class is to be left out and is
            not there.
    """
    ready = None if recipe.masks is None else Path(recipe.masks)
    if recipe.layout == "fmpn":
        faces, fold_masks = load_fold(data, recipe.fold)
        ready = ready or fold_masks
    else:
        faces = load_faces(data, people_in_names=recipe.people_in_names)
    faces, unseen = without_held_out(faces, recipe.held_out)
    leave_out = recipe.without_neutral
    if leave_out and recipe.neutral not in faces.labels:
        raise DatasetError(f"{data}: expected neutral faces under the name {recipe.neutral!r}, found {', '.join(faces.labels)}")
    if ready is None:
        masks = make_masks(faces, recipe.neutral)
        if leave_out:
            masks = np.delete(masks, faces.labels.index(recipe.neutral), axis=0)
    if leave_out:
        faces, unseen = faces.without(recipe.neutral), unseen.without(recipe.neutral)
    if ready is not None:
        masks = read_masks(ready, faces.labels)
    if recipe.limit is not None:
        rows = np.random.default_rng(recipe.seed).permutation(len(faces))[: recipe.limit]
        faces = faces.subset(np.sort(rows))
    return faces, unseen, masks


def without_held_out(faces: LabelledFaces, share: float) -> tuple[LabelledFaces, LabelledFaces]:
    """Faces to learn from and faces held out: about so large a share of the faces, or of the people where they are known."""
    if not share:
        return faces, faces.subset(np.zeros(0, np.int64))
    if faces.people is None:
        rows, unseen = split_held_out(len(faces), share, HELD_OUT_SEED)
        return faces.subset(rows), faces.subset(unseen)
    people = sorted(set(faces.people))
    _, chosen = split_held_out(len(people), share, HELD_OUT_SEED)
    out = np.isin(faces.people, [people[index] for index in chosen])
    return faces.subset(np.flatnonzero(~out)), faces.subset(np.flatnonzero(out))
