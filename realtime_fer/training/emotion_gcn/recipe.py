"""What a run of Emotion-GCN's training is started with; its checkpoint keeps it, and a resumed run goes by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from realtime_fer.errors import SettingsError

if TYPE_CHECKING:
    from realtime_fer.networks.emotion_gcn.model import BackboneName, Kind

Network = Literal["densenet", "bregnext"]
Model = Literal["emotion_gcn", "multi_task", "single_task"]
ClassWeights = Literal["affectnet", "counts", "none"]
Select = Literal["last", "best-on-held-out", "best-on-test"]
Precision = Literal["float32", "bfloat16", "float16"]

BACKBONES: Final[dict[Network, BackboneName]] = {"densenet": "densenet121", "bregnext": "bregnext50"}
KINDS: Final[dict[Model, Kind]] = {"emotion_gcn": "emotion-gcn", "multi_task": "multi-task", "single_task": "single-task"}
CLASS_WEIGHTS: Final[tuple[ClassWeights, ...]] = ("affectnet", "counts", "none")
SELECTIONS: Final[tuple[Select, ...]] = ("last", "best-on-held-out", "best-on-test")
PRECISIONS: Final[tuple[Precision, ...]] = ("float32", "bfloat16", "float16")

PUBLISHED_EPOCHS: Final = 10
PUBLISHED_BATCH: Final = 35
LEARNING_RATE: Final = 1e-3
MOMENTUM: Final = 0.9
WEIGHT_DECAY: Final = 1e-3
"""On every parameter that has a gradient, norms and biases included."""

DECAY_EVERY: Final = 10
DECAY_FACTOR: Final = 0.1
"""The learning rate falls to a tenth every ten epochs: never within the published ten."""

ROTATION_DEGREES: Final = 30.0
HELD_OUT: Final = 0.05
"""Share of the training faces kept for figures; the authors looked at the test faces instead."""

SIZE_MULTIPLES: Final[dict[Network, tuple[int, int]]] = {"densenet": (32, 1), "bregnext": (4, 4)}
"""Smallest side of a face, and what it is a multiple of: below, nothing would be left of the maps, or halves would not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionGcnRecipe:
    """Published values unless said otherwise.

    Attributes:
        dataset: one of `datasets.choose.NAMES`.
        fold: which tenth of the people is not trained on, of a set without a split of its own; None for other sets.
        size_px: side of the faces.
        batch: faces a step, on all processes together.
        decay_every, decay_factor: the learning rate is multiplied by the one after every so many epochs.
        class_weights: of the cross-entropy. `affectnet`: 3803 / count with AffectNet's published counts; `counts`: the rarest
            class's count / count, of the faces trained on; `none`: all alike, as published for Aff-Wild2.
        rotation_degrees: a face is turned by at most so much either way.
        held_out: share of the training faces kept from training, whole people where the set names them.
        select: which epoch is kept besides the last. `best-on-test` is what the authors did: the figure it gives is
            measured on faces that chose it.
        precision: of the forward pass; weights stay float32.
        seed: of the first weights, the order of the faces, what augmentation does to them, and which are held out.
        limit: at most so many training faces, for a trial.
    """

    dataset: str
    fold: int | None = None
    network: Network
    model: Model
    size_px: int
    epochs: int = PUBLISHED_EPOCHS
    batch: int = PUBLISHED_BATCH
    learning_rate: float = LEARNING_RATE
    momentum: float = MOMENTUM
    weight_decay: float = WEIGHT_DECAY
    decay_every: int = DECAY_EVERY
    decay_factor: float = DECAY_FACTOR
    class_weights: ClassWeights
    rotation_degrees: float = ROTATION_DEGREES
    held_out: float = HELD_OUT
    select: Select = "last"
    precision: Precision = "float32"
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        smallest, multiple = SIZE_MULTIPLES[self.network]
        if self.size_px < smallest or self.size_px % multiple:
            wanted = f"at least {smallest}" + (f" and a multiple of {multiple}" if multiple > 1 else "")
            raise SettingsError(f"size of a face: {self.network} needs {wanted} pixels, found {self.size_px}")
        if self.select == "best-on-held-out" and not self.held_out:
            raise SettingsError("select best-on-held-out: expected faces held out of training, found held_out=0")

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0: a function of the epoch alone."""
        return float(self.learning_rate * self.decay_factor ** (epoch // self.decay_every))


def published_size(network: Network, dataset: str) -> int:
    """Side of a face, pixels, that the authors took; 112 for sets they did not use."""
    return 227 if network == "densenet" and dataset == "affectnet" else 112


def published_class_weights(dataset: str) -> ClassWeights:
    """What the authors took; counts of the set itself for sets they did not use."""
    return {"affectnet": "affectnet", "affwild2": "none"}.get(dataset, "counts")  # type: ignore[return-value]
