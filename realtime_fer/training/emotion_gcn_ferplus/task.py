"""The shipped classifier as a task for the loop: its network, targets, loss and held-out figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import FerPlus, majority_labels, majority_targets, vote_cooccurrence, vote_distributions
from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.labels import FERPLUS_LABELS

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training an expression model", "train", error) from error

from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn
from realtime_fer.training.emotion_gcn_ferplus.crowd import class_shares, crowd_loss, epoch_rows
from realtime_fer.training.emotion_gcn_ferplus.recipe import ExpressionRecipe
from realtime_fer.training.emotion_gcn_ferplus.scoring import accuracy_and_recall, earlier_network, score, teachers_say
from realtime_fer.training.expression_augmentation import augment
from realtime_fer.training.loop.run_files import History, Panel, draw_panels
from realtime_fer.training.loop.run_loop import Tell

WARM_UP_FRACTION: Final = 0.15
"""Of all steps, until the learning rate peaks; it falls along a cosine to zero from there."""

CLIP_NORM: Final = 5.0
"""Largest gradient norm; only the first steps ever reach it."""

TARGETS: Final = {"votes": vote_distributions, "majority": majority_targets}


class ExpressionTask:
    """FER+ faces, the crowd's votes, and what teachers say, as targets; for `train_run`.

    Args:
        recipe: what is asked for.
        faces, held_out: see `crowd.training_faces`.
        device: where it computes.
        tell: told which teacher is asked.
    """

    warm_up_fraction = WARM_UP_FRACTION
    clip_norm = CLIP_NORM
    # Where on the face to look, and the graph's nodes: neither is a matrix of weights.
    never_decayed: Collection[str] = ("pooling", "graph.nodes")

    def __init__(self, recipe: ExpressionRecipe, faces: FerPlus, held_out: FerPlus, device: str, tell: Tell) -> None:
        self._recipe = recipe
        self._device = device
        self._faces, self._held_out = faces, held_out
        self._held_out_labels = majority_labels(self._held_out.votes)
        self._held_out_logits = np.zeros((0, len(FERPLUS_LABELS)), np.float32)
        self._cooccurrence = vote_cooccurrence(self._faces.votes)
        self._targets, self._weights = TARGETS[recipe.targets](self._faces.votes)
        if recipe.teachers:
            taught = teachers_say([Path(path) for path in recipe.teachers], self._faces.images, device, tell)
            self._targets = (1 - recipe.teacher_share) * self._targets + recipe.teacher_share * taught
        self._generator = torch.Generator(device=device)
        self._generator.manual_seed(recipe.seed)

    def network(self) -> CompactEmotionGcn:
        recipe = self._recipe
        network = CompactEmotionGcn(self._cooccurrence, recipe.dropout, BACKBONES[recipe.backbone], recipe.head)
        if self._recipe.start_from:
            earlier = earlier_network(Path(self._recipe.start_from)).state_dict()
            shapes, wanted = ({key: tuple(value.shape) for key, value in d.items()} for d in (earlier, network.state_dict()))
            if shapes != wanted:
                raise ShapeError(
                    f"{self._recipe.start_from}: expected the backbone {self._recipe.backbone}, found other layers; "
                    "name the backbone it was trained with"
                )
            network.load_state_dict(earlier)
        return network

    def batches(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        rows = np.random.default_rng((self._recipe.seed, epoch)).permutation(epoch_rows(self._faces.votes))
        size = self._recipe.batch
        return [rows[step * size : (step + 1) * size] for step in range(max(1, len(rows) // size))]

    def losses(self, model: Any, batch: npt.NDArray[np.int64]) -> dict[str, Tensor]:
        pictures = torch.from_numpy(self._faces.images[batch]).to(self._device).float().unsqueeze(1)
        pictures = augment(pictures, self._generator, self._recipe.camera_share)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device_type=pictures.device.type, dtype=torch.bfloat16):
            logits = model(pictures)
        targets = torch.from_numpy(self._targets[batch]).to(self._device)
        weights = torch.from_numpy(self._weights[batch]).to(self._device)
        return {"loss": crowd_loss(logits.float(), targets, weights)}

    def held_out_figures(self, average: Any) -> dict[str, float]:
        self._held_out_logits = logits = score(average, self._held_out.images, self._device)
        distributions, weights = vote_distributions(self._held_out.votes)
        loss = crowd_loss(torch.from_numpy(logits), torch.from_numpy(distributions), torch.from_numpy(weights))
        war, uar = accuracy_and_recall(logits, self._held_out_labels)
        return {"held_out_loss": float(loss), "held_out_war": war, "held_out_uar": uar}

    def own_contents(self) -> dict[str, Tensor]:
        return {
            "generator": self._generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cooccurrence": torch.from_numpy(self._cooccurrence),
            # For the export, which fits the temperature.
            "held_out_logits": torch.from_numpy(self._held_out_logits),
            "held_out_labels": torch.from_numpy(self._held_out_labels),
            "class_shares": torch.from_numpy(class_shares(self._faces.votes)),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        self._generator.set_state(saved["generator"].cpu())
        # Dropout draws from torch's own generator.
        torch.set_rng_state(saved["torch_rng"].cpu())

    def draw(self, history: History, path: Path) -> None:
        draw_curves(history, path)


def draw_curves(history: History, path: Path) -> None:
    """Losses and held-out accuracy against the epoch, as a PNG; silently nothing without matplotlib."""
    loss = Panel(
        "Loss",
        "cross-entropy to the crowd's votes",
        {"loss": "training (augmented)", "held_out_loss": "held out of training"},
    )
    accuracy = Panel("Majority protocol", "held-out part of the training file", {"held_out_war": "WAR", "held_out_uar": "UAR"})
    draw_panels(history, [loss, accuracy], path)
