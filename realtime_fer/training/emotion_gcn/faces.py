"""Which faces a run learns from, which it keeps for figures, and what their labels say about the whole set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.networks.emotion_gcn.label_graph import label_adjacency, label_correlations
from realtime_fer.networks.emotion_gcn.word_embeddings import Embeddings, read_word_embeddings, words_of
from realtime_fer.training.emotion_gcn.losses import AFFECTNET_COUNTS, class_weights
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe

try:
    from torch import Tensor, from_numpy
except ImportError as error:
    from realtime_fer.errors import missing_extra

    raise missing_extra("training Emotion-GCN", "train", error) from error

Rows = npt.NDArray[np.int64]

DIGEST_DIGITS: Final = 16
_SPLIT_STREAM: Final = 1
_LIMIT_STREAM: Final = 2
"""Beside the seed, so that each kind of draw has numbers of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenFaces:
    """What one run is given.

    Attributes:
        faces: all of the training part.
        rows: those learned from, int64 (N,).
        counted: those that labels are counted on: `rows` before a limit.
        held_out: those kept for figures, int64 (M,).
    """

    faces: LabelledSet
    rows: Rows
    counted: Rows
    held_out: Rows


def chosen_faces(faces: LabelledSet, recipe: EmotionGcnRecipe) -> ChosenFaces:
    """Split a training set; the same faces and recipe give the same split.

    Raises:
        DatasetError: nothing is left to learn from, or the model learns valence and arousal and the faces have none.
    """
    if recipe.model != "single_task" and faces.affect() is None:
        why = (
            "; they are all that expressions are linked to in its graph, where two expressions never are"
            if recipe.model == "emotion_gcn"
            else ""
        )
        raise DatasetError(
            f"{faces.name}: --model {recipe.model} learns valence and arousal{why}, and these faces have none; take --model "
            "single_task, or a set that has them: affectnet, affwild2"
        )
    counted, held_out = split_rows([face.subject for face in faces.faces], recipe.held_out, recipe.seed)
    if len(counted) < 2:
        raise DatasetError(f"{faces.name}: expected at least 2 faces to learn from, found {len(counted)} of {len(faces)}")
    rows = counted
    if recipe.limit is not None and recipe.limit < len(rows):
        drawn = np.random.default_rng([recipe.seed, _LIMIT_STREAM]).permutation(len(rows))[: recipe.limit]
        rows = counted[np.sort(drawn)]
    return ChosenFaces(faces, rows, counted, held_out)


def split_rows(subjects: list[str | None], share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to learn from and rows held out, both ascending.

    Args:
        subjects: who each face shows; whole people are held out, so that none of them is on both sides. A face without a name
            stands for itself.
        share: of the faces, held out until there are at least so many.
    """
    people: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row, subject in enumerate(subjects):
        people[("", row) if subject is None else (subject, -1)].append(row)
    groups = list(people.values())
    held_out: list[int] = []
    for number in np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(groups)):
        if len(held_out) >= round(share * len(subjects)):
            break
        held_out += groups[number]
    rest = np.setdiff1d(np.arange(len(subjects)), held_out)
    return rest.astype(np.int64), np.sort(np.array(held_out, np.int64))


def label_digest(faces: LabelledSet) -> str:
    """A short name for the labels of a set in their order, by which a resumed run knows its data."""
    affect = faces.affect()
    parts = [repr(faces.labels).encode(), faces.targets().tobytes(), b"" if affect is None else affect.tobytes()]
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:DIGEST_DIGITS]


def weights_of_classes(chosen: ChosenFaces, recipe: EmotionGcnRecipe) -> Tensor | None:
    """For the cross-entropy, float32 (C,); see `EmotionGcnRecipe.class_weights`.

    Raises:
        DatasetError: AffectNet's counts for a set with another order of labels; or a class has no face to count.
    """
    if recipe.class_weights == "none":
        return None
    if recipe.class_weights == "affectnet":
        if recipe.dataset != "affectnet" or len(chosen.faces.labels) != len(AFFECTNET_COUNTS):
            raise DatasetError(
                f"{recipe.dataset}: class weights 'affectnet' are for AffectNet's {len(AFFECTNET_COUNTS)} labels in its order; "
                "take --class-weights counts"
            )
        return class_weights(AFFECTNET_COUNTS)
    counts = np.bincount(chosen.faces.targets()[chosen.counted], minlength=len(chosen.faces.labels))
    absent = [label for label, count in zip(chosen.faces.labels, counts, strict=True) if not count]
    if absent:
        raise DatasetError(
            f"class weights: expected faces of each class, found none of {', '.join(absent)} among the {counts.sum()} to learn "
            "from; take --class-weights none, or hold fewer out (--held-out)"
        )
    return class_weights(counts.tolist())


def graph_of(chosen: ChosenFaces, embeddings: Path | None) -> tuple[Embeddings, Tensor]:
    """Word embeddings (E + 2, 300) and adjacency (E + 2, E + 2), both in the order of the set's labels.

    Raises:
        DatasetError: no file of word vectors is named.
        ModelError: it cannot be used, see `read_word_embeddings`.
        ShapeError: a class has no face, or correlates with neither valence nor arousal.
    """
    labels = chosen.faces.labels
    if embeddings is None:
        raise DatasetError(
            "the graph starts from word vectors: give --embeddings FILE, a text table such as glove.6B.300d.txt with the words "
            f"{', '.join(words_of(labels))}, or an array in the order of the labels"
        )
    affect = chosen.faces.affect()
    assert affect is not None  # noqa: S101 - `chosen_faces` has refused others
    correlations = label_correlations(chosen.faces.targets()[chosen.counted], affect[chosen.counted], len(labels))
    return read_word_embeddings(embeddings, words=words_of(labels)), from_numpy(label_adjacency(correlations)).float()
