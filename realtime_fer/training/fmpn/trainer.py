"""Networks, optimiser and an epoch of a stage: one process or many (torchrun), a CPU or GPUs.

On several processes each learns from its share of every batch, and gradients are averaged with the weight of the shares. What a
batch has of its own, the statistics of batch norms, each process has of its share, and those of the first are kept: the same
as in the authors' DataParallel.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from realtime_fer.errors import missing_extra
from realtime_fer.training.fmpn.optimisation import set_rate
from realtime_fer.training.fmpn.recipe import FmpnRecipe
from realtime_fer.training.fmpn.stages import Stage
from realtime_fer.training.fmpn.way import Batch, Way
from realtime_fer.training.loop.epoch_losses import EpochLosses
from realtime_fer.training.loop.progress import TrainingProgress

try:
    import torch
    from accelerate import Accelerator
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

ADVICE: Final = "start again with a lower --learning-rate, or with --mixed-precision no"

PROCESS_SEEDS: Final = 1_000_003
"""From the seed of dropout on one process to that on the next; more than a run has epochs."""


class StageLosses(nn.Module):  # type: ignore[misc]
    """A network with what it minimises: the part that computes in mixed precision and is spread over the processes.

    The network in it stays as it is, so that it can be asked, copied and saved plainly.
    """

    def __init__(self, stage: Stage, network: Any) -> None:
        super().__init__()
        self.network = network
        self._stage = stage

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return dict(self._stage.losses(self.network, batch))


class Trainer:
    """Where a stage stands; `epoch` counts those that are done.

    Args:
        accelerator: where, and how exactly, is computed.
        stage: what is trained.
        way: how.
        saved: a checkpoint to go on from.
    """

    def __init__(
        self, accelerator: Accelerator, stage: Stage, way: Way, recipe: FmpnRecipe, saved: Mapping[str, Any] | None
    ) -> None:
        self._accelerator, self._stage, self._way, self._recipe = accelerator, stage, way, recipe
        torch.manual_seed(recipe.seed)
        self._network: Any = stage.network().to(accelerator.device, memory_format=way.memory_format)
        self._average: Any = copy.deepcopy(self._network).requires_grad_(False) if way.averages else None
        optimizer = way.optimizer(stage.parts(self._network))
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        if saved is not None:
            self._network.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            if self._average is not None:
                self._average.load_state_dict(saved["average"])
            if accelerator.scaler is not None and "scaler" in saved:
                accelerator.scaler.load_state_dict(saved["scaler"])
            self.epoch, self.history = saved["epoch"], list(saved["history"])
        self._losses, self._optimizer = accelerator.prepare(StageLosses(stage, self._network), optimizer)

    @property
    def model(self) -> Any:
        """What the training is for: the network, or the moving average of its weights."""
        return self._network if self._average is None else self._average

    def train_epoch(self, progress: TrainingProgress) -> dict[str, float]:
        """One epoch -> mean of each loss over its faces, and what the rates were multiplied by in its last step.

        Raises:
            ModelError: the loss is no number any more.
        """
        accelerator, way, epoch = self._accelerator, self._way, self.epoch
        # Dropout draws from torch's generator: each epoch starts it anew, so that it does not matter who came before.
        torch.manual_seed(self._recipe.seed + 1 + epoch + PROCESS_SEEDS * accelerator.process_index)
        sizes = way.batch_sizes()
        losses = EpochLosses(accelerator, f"epoch {epoch + 1}/{self._recipe.epochs}", len(sizes), progress, ADVICE)
        self._losses.train()
        factor = 1.0
        for step, (batch, whole) in enumerate(zip(self._placed(way.batches(epoch)), sizes, strict=True)):
            factor = way.rate_factor(epoch, step)
            set_rate(self._optimizer, factor)
            found: dict[str, Any] = self._losses(batch)
            size = len(batch["class"])
            self._optimizer.zero_grad(set_to_none=True)
            # Shares may differ by a face; each face weighs the same.
            accelerator.backward(next(iter(found.values())) * (size * accelerator.num_processes / whole))
            accelerator.unscale_gradients(self._optimizer)
            way.take_step(self._network, self._average, self._optimizer, epoch, step)
            losses.add(found, size)
        self.epoch += 1
        return {**losses.means(), "rate_factor": factor}

    @torch.no_grad()
    def held_out(self) -> tuple[dict[str, float], dict[str, Tensor]]:
        """Figures and tensors of held-out faces; asked of the first process."""
        self.model.eval()
        return self._stage.held_out(self.model, self._placed(self._way.held_out_batches()))

    def contents(self) -> dict[str, Any]:
        """What a checkpoint holds of this."""
        scaler = self._accelerator.scaler
        return {
            "epoch": self.epoch,
            "history": self.history,
            "model": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            **({} if self._average is None else {"average": self._average.state_dict()}),
            **({} if scaler is None else {"scaler": scaler.state_dict()}),
        }

    def _placed(self, shown: Iterable[Batch]) -> Iterator[dict[str, Tensor]]:
        for batch in shown:
            yield {name: value.to(self._accelerator.device) for name, value in batch.items()}
