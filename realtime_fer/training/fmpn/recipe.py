"""What a run of FMPN's training is started with; its checkpoint keeps it, and a resumed run goes by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from realtime_fer.networks.fmpn.motion_mask_generator import Norm
from realtime_fer.training.loop.accelerator import MixedPrecision
from realtime_fer.training.loop.run_loop import Recipe

StageName = Literal["masks", "classifier"]

ClassifierName = Literal["inception", "compact"]
"""`inception` as published; `compact` is ours, for grey faces of 48 pixels."""

Schedule = Literal["published", "one-cycle"]
"""How a run is taught: as published, or as our own classifiers are (`one_cycle_way`), to be compared with them."""

PUBLISHED_EPOCHS = {"masks": 300, "classifier": 200}
"""Half of them at the full learning rate, half declining to zero."""

PUBLISHED_BATCH = {"masks": 32, "classifier": 16}

DEFAULT_MIXED_PRECISION: Final[dict[Schedule, MixedPrecision]] = {"published": "no", "one-cycle": "bf16"}
"""Of the schedules; checkpoints that do not say were made so."""

Layout = Literal["folders", "fmpn"]
"""How the data lie: `folders` is FER+ or a folder for each class, `fmpn` the authors' folder with lists and masks."""

FACE_SIZES_PX = {"inception": 299, "compact": 48}


@dataclass(frozen=True, slots=True, kw_only=True)
class FmpnRecipe(Recipe):
    """Published values unless said otherwise; `peak_learning_rate` is the constant one, `weight_decay` is not used.

    With the schedule `one-cycle` both are what they are in our other trainings.

    Attributes:
        decay_epochs: of `epochs`, how many at the end with a declining rate.
        generator_learning_rate: of the mask generator in the second stage.
        mask_weight: of the mask's error in the joint loss.
        size_px: side of the faces.
        channels, blocks, norm: of the mask generator.
        width: of Inception v3.
        neutral: name of the class of neutral faces.
        without_neutral: neutral faces only make the masks and are no class, as in the paper.
        masks: folder of ready masks; None makes them.
        people_in_names: see `faces.load_faces`.
        held_out: share of the faces kept from training, for figures after each epoch; not published.
        classifier, schedule: see `ClassifierName` and `Schedule`.
        backbone: of the compact classifier.
        dropout: of the compact classifier.
        without_mask: the second stage sees the whole face, a mask of ones, for comparison.
        layout: see `Layout`.
        fold: of the authors' ten, which is left out.
        camera_share: see `expression_augmentation.augment`; only with `one-cycle`.
        mixed_precision: None is that of the schedule, see `DEFAULT_MIXED_PRECISION`.
    """

    stage: StageName
    decay_epochs: int
    generator_learning_rate: float
    mask_weight: float
    size_px: int
    channels: int
    blocks: int
    norm: Norm
    width: float
    neutral: str
    without_neutral: bool
    masks: str | None
    people_in_names: bool
    held_out: float
    classifier: ClassifierName = "inception"
    schedule: Schedule = "published"
    backbone: str = "small"
    dropout: float = 0.2
    without_mask: bool = False
    camera_share: float = 1.0
    layout: Layout = "folders"
    fold: int | None = None
    mixed_precision: MixedPrecision | None = None

    @property
    def precision(self) -> MixedPrecision:
        """How exactly the run computes."""
        return self.mixed_precision or DEFAULT_MIXED_PRECISION[self.schedule]
