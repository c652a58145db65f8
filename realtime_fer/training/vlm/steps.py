"""The loop: one process or many (torchrun), one CPU or several GPUs, and going on from a checkpoint to the same end.

Nothing in a step depends on how the run came to it: the records and what dropout drops are functions of the seed and the
step, and so is the learning rate; what is trained, optimiser and loss scale come back as they were.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Final

from realtime_fer.errors import ModelError, missing_extra
from realtime_fer.training.loop.run_files import History
from realtime_fer.training.loop.run_loop import LOG_EVERY_S
from realtime_fer.training.vlm.order import dropout_seed
from realtime_fer.training.vlm.processes import Tell
from realtime_fer.training.vlm.recipe import StepRecipe

try:
    import torch
    from accelerate import Accelerator
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training a vision-language model", "vlm", error) from error

SMALLEST_LOSS_SCALE: Final = 2.0**-10
"""Gradients that are too large for float16 at this scale are no accident of the scale any more."""


@dataclass(frozen=True, slots=True)
class StepTask:
    """What differs from one training to the next.

    Attributes:
        loss: a module that turns a micro-batch into its loss, float32, shape (); it is spread over the processes.
        groups: what learns, for AdamW; each has its "peak" learning rate.
        share_of_peak: what the peaks are multiplied by in a step, from 0.
        trained: copies of what is trained, on the CPU, for the checkpoint.
        restore: puts such copies back.
        trained_key: their name in the checkpoint.
        scaler: of the loss, where gradients are float16; None where not.
    """

    loss: Any
    groups: list[dict[str, Any]]
    share_of_peak: Callable[[int], float]
    trained: Callable[[], Mapping[str, Tensor]]
    restore: Callable[[Mapping[str, Tensor]], None]
    trained_key: str = "trained"
    scaler: Any = None


def learning_group(values: Iterable[Tensor], peak: float) -> dict[str, Any]:
    """What learns at one rate, for `StepTask.groups`; `peak` is what the schedule scales."""
    return {"params": list(values), "lr": peak, "peak": peak}


class StepRun:
    """Where a training stands; `step` counts those that are done.

    Args:
        accelerator: from `processes.accelerator_for`.
        recipe: batch sizes, AdamW, clipping, seed.
        task: what is trained.
        records: how many, for the history.
        saved: contents of a checkpoint to go on from.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        recipe: StepRecipe,
        task: StepTask,
        records: int,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        self._accelerator = accelerator
        self._recipe = recipe
        self._task = task
        self._records = records
        self._micro_batches = recipe.micro_batches_for(accelerator.num_processes)
        self.step = 0
        self.history: History = []
        self._optimizer = torch.optim.AdamW(
            task.groups, betas=(recipe.beta1, recipe.beta2), eps=recipe.epsilon, weight_decay=recipe.weight_decay
        )
        self._learning = [value for group in task.groups for value in group["params"]]
        self.trainable = sum(value.numel() for value in self._learning)
        if saved is not None:
            task.restore(saved[task.trained_key])
            self._optimizer.load_state_dict(saved["optimizer"])
            if task.scaler is not None and saved.get("scaler"):  # a CPU leaves none
                task.scaler.load_state_dict(saved["scaler"])
            self.step, self.history = saved["step"], list(saved["history"])
        self._loss = accelerator.prepare(task.loss.train())

    def take_step(self, batches: Iterator[Any]) -> dict[str, float]:
        """One optimiser step -> its row of the history.

        Raises:
            ModelError: the loss or a gradient is no number; the weights are those of the step before.
        """
        began, accelerator, recipe = time.monotonic(), self._accelerator, self._recipe
        share = self._task.share_of_peak(self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * share
        self._optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=accelerator.device)
        for number in range(self._micro_batches):
            batch = next(batches).to(accelerator.device)
            # Numbered over all processes, so that how many there are changes nothing.
            numbered = number * accelerator.num_processes + accelerator.process_index
            torch.manual_seed(dropout_seed(recipe.seed, self.step, numbered))
            last = number == self._micro_batches - 1
            # Gradients travel between processes once a step.
            with nullcontext() if last else accelerator.no_sync(self._loss):
                loss = self._loss(batch) / self._micro_batches
                accelerator.backward(loss if self._task.scaler is None else self._task.scaler.scale(loss))
            total += loss.detach()
        mean = float(accelerator.reduce(total, "mean"))
        norm = self._update(mean)
        self.step += 1
        row = {
            "step": float(self.step),
            "epoch": self.step * recipe.batch / self._records,
            "loss": mean,
            "rate": share,
            "gradient_norm": norm,
            "seconds": time.monotonic() - began,
        }
        self.history.append(row)
        return row

    def run_to(
        self, stop: int, batches: Iterator[Any], *, total: int, save: Callable[[dict[str, Any]], None], tell: Tell
    ) -> None:
        """Step until `stop` of `total` steps are done.

        Args:
            save: given what a checkpoint holds, by the first process alone, every `save_every` steps and at the end.
            tell: told a line every few seconds.
        """
        told = time.monotonic()
        while self.step < stop:
            row = self.take_step(batches)
            if time.monotonic() - told > LOG_EVERY_S or self.step == stop:
                told = time.monotonic()
                tell(
                    f"step {self.step}/{total}, epoch {row['epoch']:.2f}/{self._recipe.epochs}, loss {row['loss']:.4f}, "
                    f"{row['seconds']:.2f} s a step, {_hours((stop - self.step) * row['seconds'])} left"
                )
            if self._accelerator.is_main_process and (self.step % self._recipe.save_every == 0 or self.step == stop):
                save(self.contents())
        self._accelerator.wait_for_everyone()

    def contents(self) -> dict[str, Any]:
        """What a checkpoint holds of this."""
        held = {
            "recipe": asdict(self._recipe),
            "step": self.step,
            "history": self.history,
            self._task.trained_key: dict(self._task.trained()),
            "optimizer": self._optimizer.state_dict(),
        }
        return held if self._task.scaler is None else {**held, "scaler": self._task.scaler.state_dict()}

    def _update(self, mean: float) -> float:
        """The optimiser's step -> norm of the gradient before clipping."""
        scaler = self._task.scaler
        if scaler is not None:
            scaler.unscale_(self._optimizer)
        largest = math.inf if self._recipe.clip_norm is None else self._recipe.clip_norm
        norm = float(torch.nn.utils.clip_grad_norm_(self._learning, largest))
        # A gradient that is too large for float16 is left out by the scaler, which then tries a smaller scale.
        scale_may_help = scaler is not None and scaler.get_scale() > SMALLEST_LOSS_SCALE
        if not math.isfinite(mean) or not (math.isfinite(norm) or scale_may_help):
            raise ModelError(
                f"step {self.step + 1}: the loss is {mean} and the gradient's norm {norm}, expected numbers; start again "
                "with a lower learning rate, or with --precision float32"
            )
        if scaler is None:
            self._optimizer.step()
        else:
            scaler.step(self._optimizer)
            scaler.update()
        return norm


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
