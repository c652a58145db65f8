"""How a stage is taught, whichever it is: what it is shown, and how its weights are moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.faces import LabelledFaces
from realtime_fer.training.fmpn.pseudo_masks import MaskPictures
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.loop.accelerator import ALONE, Share

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

Batch = Mapping[str, Tensor]
"""`grey` (N, 1, S, S), `mask` (N, 1, S, S), both in [0, 1], `class` int64 (N,), and, if wanted, `rgb` (N, 3, S, S)."""

Parts = Sequence[tuple[Any, float]]
"""Networks and the learning rate of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a way teaches.

    Attributes:
        faces, held_out: to learn from, and for figures (may be none).
        masks: of each class.
        colour: with the colour face.
        share: of this process in every batch.
    """

    recipe: FmpnRecipe
    faces: LabelledFaces
    held_out: LabelledFaces
    masks: MaskPictures
    colour: bool
    share: Share = ALONE


class Way(Protocol):
    """The published way is `PublishedWay`; `OneCycleWay` is that of our own classifiers.

    Attributes:
        averages: whether the moving average of the weights is the model, not their last state.
        memory_format: torch's, of the network.
    """

    averages: bool
    memory_format: Any

    def optimizer(self, parts: Parts) -> Any:
        """Its groups have `initial_lr`."""
        ...

    def batch_sizes(self) -> Sequence[int]:
        """How many faces each batch of an epoch has, on all processes."""
        ...

    def batches(self, epoch: int) -> Iterable[Batch]:
        """This process' share of each batch of an epoch, which counts from 0.

        The same epoch gives the same batches, however the run came to it.
        """
        ...

    def held_out_batches(self) -> Iterable[Batch]:
        """Every held-out face once, not augmented."""
        ...

    def rate_factor(self, epoch: int, step: int) -> float:
        """What every learning rate is multiplied by in this step of this epoch; both count from 0."""
        ...

    def take_step(self, network: Any, average: Any, optimizer: Any, epoch: int, step: int) -> None:
        """Move the weights along their gradients, which are not scaled, and their average, if there is one, after them."""
        ...
