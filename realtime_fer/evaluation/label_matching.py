"""Which class of a model is which class of a data set: by name, whatever either of them calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError, ShapeError

SYNONYMS: Final = {
    "neutral": ("neutrality", "natural", "normal"),
    "happiness": ("happy", "joy", "joyful", "enjoyment"),
    "surprise": ("surprised", "astonishment"),
    "sadness": ("sad", "sorrow"),
    "anger": ("angry",),
    "disgust": ("disgusted", "disgusting"),
    "fear": ("fearful", "afraid", "scared"),
    "contempt": ("contemptuous",),
}
"""Names of ours (`realtime_fer.labels`), and what data sets and other people's models call the same.

Names of classes only. Texts have more words for them (`reasoning.expression_words`), but a set may have a class "calm" beside
"neutral".
"""

_CANONICAL: Final = {word: name for name, words in SYNONYMS.items() for word in (name, *words)}

_TINY: Final = 1e-30
"""Against dividing by nothing, where a model gives no shared class any probability."""


def canonical_label(name: str) -> str:
    """Our name of a class, in lower case; a name that the table lacks is itself."""
    plain = name.strip().casefold()
    return _CANONICAL.get(plain, plain)


@dataclass(frozen=True, slots=True, eq=False)
class LabelMatch:
    """The classes that a model and a data set are compared on.

    Attributes:
        classes: our names of them, in the data set's order.
        model_columns: of each of them, the column of the model's output.
        dataset_labels: of each of them, the data set's label.
        only_model, only_dataset: names of the classes that the other side lacks, as their owner calls them.
    """

    classes: tuple[str, ...]
    model_columns: tuple[int, ...]
    dataset_labels: tuple[int, ...]
    only_model: tuple[str, ...]
    only_dataset: tuple[str, ...]

    def counted(self, labels: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """Rows of the faces whose class both sides have; labels (N,), the data set's."""
        return np.flatnonzero(np.isin(labels, self.dataset_labels))

    def targets(self, labels: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Labels of counted faces as indices into `classes`; int64 (N,)."""
        place = {label: index for index, label in enumerate(self.dataset_labels)}
        return np.array([place[int(label)] for label in labels], np.int64)

    def probabilities(self, of_model: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """A model's probabilities (N, C) over `classes`, float64 (N, classes).

        Where the model has further classes, what is left is divided by its sum: the answer if none of those were on offer.
        """
        shared = of_model[:, list(self.model_columns)].astype(np.float64)
        if self.only_model:
            shared /= np.maximum(shared.sum(axis=1, keepdims=True), _TINY)
        return np.asarray(shared)


def match_labels(
    model: Sequence[str],
    dataset: Sequence[str],
    *,
    common_only: bool = False,
    model_name: str = "the model",
    dataset_name: str = "the data",
) -> LabelMatch:
    """Match two lists of class names.

    Args:
        model: names of the model's outputs, in their order.
        dataset: names of the data set's labels, in their order.
        common_only: compare on the classes that both have; otherwise both must have the same.
        model_name, dataset_name: for the message.

    Raises:
        DatasetError: the classes differ and `common_only` is not set; or fewer than two are shared.
        ShapeError: one list names a class twice.
    """
    ours = _distinct(model, model_name)
    theirs = _distinct(dataset, dataset_name)
    shared = [name for name in theirs if name in ours]
    only_model = tuple(model[column] for name, column in ours.items() if name not in theirs)
    only_dataset = tuple(dataset[label] for name, label in theirs.items() if name not in ours)
    if len(shared) < 2:
        raise DatasetError(
            f"{model_name} and {dataset_name}: expected at least two classes in common, found {', '.join(shared) or 'none'} of "
            f"{', '.join(model)} and {', '.join(dataset)}"
        )
    if (only_model or only_dataset) and not common_only:
        raise DatasetError(
            f"{model_name} and {dataset_name}: expected the same classes, found only in the model: "
            f"{', '.join(only_model) or 'none'}; only in the data: {', '.join(only_dataset) or 'none'}; "
            f"--common-classes compares on the {len(shared)} others"
        )
    return LabelMatch(
        classes=tuple(shared),
        model_columns=tuple(ours[name] for name in shared),
        dataset_labels=tuple(theirs[name] for name in shared),
        only_model=only_model,
        only_dataset=only_dataset,
    )


def _distinct(names: Sequence[str], owner: str) -> dict[str, int]:
    """Our name of each, and its place."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if (canonical := canonical_label(name)) in places:
            raise ShapeError(f"labels of {owner}: {name!r} and {names[places[canonical]]!r} are the same class")
        places[canonical] = place
    return places
