"""What differs from one training in the loop of `run_loop` to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from realtime_fer.training.loop.run_files import History


class Batches(Protocol):
    """One epoch's batches, of any type, and how many they are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class TrainingTask(Protocol):
    """What differs from one training to the next.

    Attributes:
        warm_up_fraction: of all steps, until the learning rate peaks.
        clip_norm: largest gradient norm.
        never_decayed: names of parameters without weight decay, besides all with one dimension or none.
    """

    warm_up_fraction: float
    clip_norm: float
    never_decayed: Collection[str]

    def network(self) -> Any:
        """A new network, random weights drawn from torch's own generator."""
        ...

    def batches(self, epoch: int) -> Batches:
        """Epochs count from 0. The same epoch gives the same batches, however the run came to it."""
        ...

    def losses(self, model: Any, batch: Any) -> Mapping[str, Tensor]:
        """Scalars by name; the first is minimised, the others are only told."""
        ...

    def held_out_figures(self, average: Any) -> Mapping[str, float]:
        """Figures of the moving average after an epoch; may be empty."""
        ...

    def own_contents(self) -> Mapping[str, Any]:
        """What the checkpoint holds besides what every training saves; asked after `held_out_figures`."""
        ...

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `own_contents` gave and the next epoch depends on; asked last before it."""
        ...

    def draw(self, history: History, path: Path) -> None:
        """The curves file."""
        ...
