"""Network, optimiser and epochs: one process or many (torchrun), a CPU or GPUs, and going on to the same end.

On several processes each learns from its share of every batch, and gradients are averaged with the weight of the shares. Batch
norms see the whole batch on GPUs, as on the one GPU of the authors; on CPUs, where torch has no such norm, and in the
concordance everywhere, each process has its own share.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import missing_extra
from realtime_fer.networks.emotion_gcn.model import build_network, freeze_what_never_learns
from realtime_fer.training.emotion_gcn.batches import batch_rows, normalised, plain_batches, training_batches
from realtime_fer.training.emotion_gcn.faces import ChosenFaces
from realtime_fer.training.emotion_gcn.figures import Answers, answers_of
from realtime_fer.training.emotion_gcn.pretrained import begin_with_imagenet
from realtime_fer.training.emotion_gcn.recipe import BACKBONES, KINDS, EmotionGcnRecipe
from realtime_fer.training.emotion_gcn.step import published_optimiser, training_step
from realtime_fer.training.loop.accelerator import MixedPrecision, share_of
from realtime_fer.training.loop.epoch_losses import EpochLosses
from realtime_fer.training.loop.progress import TrainingProgress

try:
    import torch
    from accelerate import Accelerator
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error

MIXED_PRECISION: Final[dict[str, MixedPrecision]] = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}

ADVICE: Final = "start again with a lower --learning-rate, or with --precision float32"


def with_shared_norms(network: Any, accelerator: Any) -> Any:
    """The network with batch norms over the batches of all GPUs, where there are several; tensors and their names stay."""
    if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
        return torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
    return network


class Trainer:
    """Where a run stands; `epoch` counts those that are done.

    Args:
        accelerator: made with the recipe's `MIXED_PRECISION`.
        classes: how many expressions.
        weights: of the classes, or None.
        word_embeddings, adjacency: of the graph, where there is one.
        saved: a checkpoint to go on from.
        pretrained: ImageNet weights to begin with; not looked at where `saved` is given.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        recipe: EmotionGcnRecipe,
        *,
        classes: int,
        weights: Tensor | None,
        word_embeddings: Tensor | None,
        adjacency: Tensor | None,
        saved: Mapping[str, Any] | None,
        pretrained: Path | None,
    ) -> None:
        self._accelerator, self._recipe = accelerator, recipe
        self._weights = None if weights is None else weights.to(accelerator.device)
        torch.manual_seed(recipe.seed)
        network = build_network(
            BACKBONES[recipe.network],
            KINDS[recipe.model],
            word_embeddings=word_embeddings,
            adjacency=adjacency,
            expressions=classes,
        )
        freeze_what_never_learns(network)
        if pretrained is not None and saved is None:
            begin_with_imagenet(network, pretrained)
        self.network: Any = with_shared_norms(network, accelerator).to(accelerator.device)
        optimiser = published_optimiser(network, recipe.learning_rate, recipe.momentum, recipe.weight_decay)
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        if saved is not None:
            self.network.load_state_dict(saved["model_state_dict"])
            optimiser.load_state_dict(saved["optimizer_state_dict"])
            self.epoch, self.history = saved["epoch"] + 1, list(saved["history"])
            if accelerator.scaler is not None and "scaler" in saved:
                accelerator.scaler.load_state_dict(saved["scaler"])
        self._shared, self._optimiser = accelerator.prepare(self.network, optimiser)

    def train_epoch(self, chosen: ChosenFaces, workers: int, progress: TrainingProgress) -> dict[str, float]:
        """One epoch -> mean of each loss over its faces, and the learning rate.

        Raises:
            ModelError: a loss is no number any more.
        """
        accelerator, recipe = self._accelerator, self._recipe
        rate = recipe.rate(self.epoch)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        cut = batch_rows(chosen.rows, recipe, self.epoch, accelerator.num_processes)
        mine = [share_of(accelerator).of(rows) for rows in cut]
        losses = EpochLosses(accelerator, f"epoch {self.epoch + 1}/{recipe.epochs}", len(cut), progress, ADVICE)
        self._shared.train()
        for batch, whole in zip(training_batches(chosen.faces, mine, recipe, self.epoch, workers), cut, strict=True):
            size = len(batch["labels"])
            # Shares may differ by a face; each face weighs the same.
            losses.add(self._step(batch, size * accelerator.num_processes / len(whole)), size)
        self.epoch += 1
        return {**losses.means(), "rate": rate}

    def _step(self, batch: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
        """One step of the optimiser -> total, and where there are two, expressions' and affect's loss before it."""
        device = self._accelerator.device
        losses, _ = training_step(
            self._shared,
            self._optimiser,
            images=normalised(batch["images"].to(device)),
            labels=batch["labels"].to(device),
            affect=batch["affect"].to(device),
            weights=self._weights,
            backward=lambda total: self._accelerator.backward(total * share),
        )
        if losses.affect is None:
            return {"loss": losses.total}
        return {"loss": losses.total, "expression_loss": losses.expression, "affect_loss": losses.affect}

    def answers(self, faces: Any, rows: Any, workers: int) -> Answers:
        """What the network says now; asked of the first process, whose statistics are those that are saved."""
        return answers_of(self.network, plain_batches(faces, rows, self._recipe, workers), self._accelerator.device)

    def contents(self) -> dict[str, Any]:
        """The authors' part of a checkpoint, on the CPU, and what going on needs besides."""
        scaler = self._accelerator.scaler
        return {
            "epoch": self.epoch - 1,
            "model_state_dict": {name: value.cpu() for name, value in self.network.state_dict().items()},
            "optimizer_state_dict": self._optimiser.state_dict(),
            "history": self.history,
            **({} if scaler is None else {"scaler": scaler.state_dict()}),
        }
