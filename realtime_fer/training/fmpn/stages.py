"""What each of FMPN's two stages trains, and by which loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from realtime_fer.errors import missing_extra
from realtime_fer.networks.compact_emotion_gcn import BACKBONES
from realtime_fer.networks.fmpn.checkpoint import classifier_from, generator_from, save_fmpn, save_generator
from realtime_fer.networks.fmpn.compact_classifier import CompactClassifier
from realtime_fer.networks.fmpn.inception_v3 import InceptionV3
from realtime_fer.networks.fmpn.model import Fmpn
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator
from realtime_fer.networks.fmpn.prior_fusion import PriorFusion
from realtime_fer.networks.fmpn.weight_files import read_state
from realtime_fer.networks.fmpn.whole_face import WholeFace
from realtime_fer.networks.state_dict import State
from realtime_fer.training.fmpn.losses import joint_loss, mask_loss
from realtime_fer.training.fmpn.optimisation import initialise, joint_parts
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.way import Batch, Parts
from realtime_fer.training.loop.run_files import Panel

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error


class Stage(Protocol):
    """What the epochs need to know of a stage.

    Attributes:
        colour: whether its samples have the colour face.
    """

    colour: bool

    def network(self) -> Any:
        """A new network, ready to train; random parts are drawn from torch's own generator."""
        ...

    def parts(self, network: Any) -> Parts:
        """Its nets, each with its learning rate."""
        ...

    def losses(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        """Scalars by name; the first is minimised."""
        ...

    def held_out(self, network: Any, batches: Iterable[Batch]) -> tuple[dict[str, float], dict[str, Tensor]]:
        """Figures of the network in evaluation mode for the history, and tensors for the checkpoint."""
        ...

    def panels(self, *, held_out: bool) -> list[Panel]:
        """Of the curves file."""
        ...

    def save(self, network: Any, folder: Path, epoch: str) -> None:
        """Write files that the authors' code reads, where it knows such a network."""
        ...


class MaskStage:
    """The generator alone, taught the mask of each face's class."""

    colour = False

    def __init__(self, recipe: FmpnRecipe) -> None:
        self._recipe = recipe

    def network(self) -> MotionMaskGenerator:
        recipe = self._recipe
        net = MotionMaskGenerator(recipe.size_px, channels=recipe.channels, blocks=recipe.blocks, norm=recipe.norm)
        _start(net, recipe)
        return net

    def parts(self, network: Any) -> Parts:
        return [(network, self._recipe.peak_learning_rate)]

    def losses(self, network: Any, batch: Batch) -> dict[str, Tensor]:
        return {"loss": mask_loss(network(batch["grey"])[0].float(), batch["mask"])}

    def held_out(self, network: Any, batches: Iterable[Batch]) -> tuple[dict[str, float], dict[str, Tensor]]:
        errors = [float(each) for batch in batches for each in _mask_errors(network(batch["grey"])[0], batch["mask"])]
        return {"held_out_loss": float(np.mean(errors))}, {}

    def panels(self, *, held_out: bool) -> list[Panel]:
        lines = {"loss": "training", **({"held_out_loss": "held out"} if held_out else {})}
        return [Panel("Motion mask", "mean squared error", lines)]

    def save(self, network: Any, folder: Path, epoch: str) -> None:
        save_generator(network, folder, epoch)


class ClassifierStage:
    """All three parts, by class and mask.

    Args:
        classes: C.
        generator: tensors of the first stage's generator; None shows the whole face instead, for comparison.
        pretrained: a file of ImageNet weights for Inception v3; None starts it at random.
    """

    colour = True

    def __init__(self, recipe: FmpnRecipe, classes: int, generator: State | None, pretrained: Path | None) -> None:
        self._recipe = recipe
        self._classes = classes
        self._generator = generator
        self._pretrained = pretrained

    def network(self) -> Fmpn:
        recipe = self._recipe
        generator: Any = WholeFace()
        if self._generator is not None:
            generator = generator_from(self._generator, "the mask generator of the first stage", recipe.size_px)
        fusion = PriorFusion()
        _start(fusion, recipe)
        if self._pretrained is not None:
            return Fmpn(generator, fusion, imagenet_classifier(self._pretrained, self._classes))
        classifier: Any = (
            CompactClassifier(self._classes, backbone=BACKBONES[recipe.backbone], dropout=recipe.dropout)
            if recipe.classifier == "compact"
            else InceptionV3(self._classes, width=recipe.width)
        )
        _start(classifier, recipe)
        return Fmpn(generator, fusion, classifier)

    def parts(self, network: Fmpn) -> Parts:
        return joint_parts(network, self._recipe.peak_learning_rate, self._recipe.generator_learning_rate)

    def losses(self, network: Any, batch: Batch) -> dict[str, Tensor]:
        output = network(batch["rgb"], batch["grey"])
        right = (output.logits.argmax(dim=1) == batch["class"]).float().mean()
        if self._generator is None:
            loss = functional.cross_entropy(output.logits, batch["class"])
            return {"loss": loss, "cross_entropy": loss, "war": right}
        joint = joint_loss(output.logits, batch["class"], output.mask.float(), batch["mask"], self._recipe.mask_weight)
        return {"loss": joint.total, "cross_entropy": joint.cross_entropy, "mask_error": joint.mask_error, "war": right}

    def held_out(self, network: Any, batches: Iterable[Batch]) -> tuple[dict[str, float], dict[str, Tensor]]:
        logits, classes, errors = [], [], []
        for batch in batches:
            output = network(batch["rgb"], batch["grey"])
            logits.append(output.logits.cpu())
            classes.append(batch["class"].cpu())
            errors += _mask_errors(output.mask, batch["mask"]).tolist()
        all_logits, all_classes = torch.cat(logits), torch.cat(classes)
        right = all_logits.argmax(dim=1) == all_classes
        recalls = [float(right[all_classes == c].float().mean()) for c in all_classes.unique()]
        figures = {
            "held_out_cross_entropy": float(functional.cross_entropy(all_logits, all_classes)),
            **({} if self._generator is None else {"held_out_mask_error": float(np.mean(errors))}),
            "held_out_war": float(right.float().mean()),
            "held_out_uar": float(np.mean(recalls)),
        }
        return figures, {"held_out_logits": all_logits, "held_out_labels": all_classes}

    def panels(self, *, held_out: bool) -> list[Panel]:
        def lines(column: str) -> dict[str, str]:
            return {column: "training", **({f"held_out_{column}": "held out"} if held_out else {})}

        mask = [] if self._generator is None else [Panel("Motion mask", "mean squared error", lines("mask_error"))]
        return [
            Panel("Expression", "cross-entropy", lines("cross_entropy")),
            *mask,
            Panel("Accuracy", "WAR", lines("war")),
        ]

    def save(self, network: Any, folder: Path, epoch: str) -> None:
        # Their code knows no other classifier of ours, and no face without a mask.
        if self._recipe.classifier == "inception" and self._generator is not None:
            save_fmpn(network, folder, epoch)


def _start(net: Any, recipe: FmpnRecipe) -> None:
    """Published first weights, or torch's own as in our other trainings.

    Short trainings need the latter: with a gain of 0.02 the fused picture begins as next to no picture.
    """
    if recipe.schedule == "published":
        initialise(net)


def imagenet_classifier(path: Path, classes: int) -> InceptionV3:
    """Inception v3 with torchvision's ImageNet weights and a new last layer; the auxiliary head in the file is left out.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: see `networks.fmpn.checkpoint`.
    """
    state = {name: value for name, value in read_state(path).items() if not name.startswith("AuxLogits.")}
    net: InceptionV3 = classifier_from(state, str(path))
    net.fc = torch.nn.Linear(net.fc.in_features, classes)
    initialise(net.fc)
    return net


def _mask_errors(mask: Tensor, pseudo_mask: Tensor) -> Tensor:
    """(N,): the squared error of each face's mask."""
    return (mask - pseudo_mask).square().flatten(1).mean(dim=1)
