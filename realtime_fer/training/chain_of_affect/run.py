"""The loop: one process or many (torchrun), one CPU or several GPUs, and going on from a checkpoint to the same end.

Nothing in a step depends on how the run came to it: the records and what dropout drops are functions of the seed and the
step, and so is the learning rate; adapter and optimiser come back as they were.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

from realtime_fer.datasets.chain_records import ChainRecord, find_pictures, read_chain_records, records_digest
from realtime_fer.errors import ModelError, SettingsError, missing_extra
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.phi3_vision import weights_version
from realtime_fer.training.chain_of_affect.adapter import adapter_tensors, new_adapter, parameter_groups, save_adapter
from realtime_fer.training.chain_of_affect.examples import ChainBatch, ChainExamples, collate
from realtime_fer.training.chain_of_affect.objective import AnswerLoss
from realtime_fer.training.chain_of_affect.order import RecordOrder, dropout_seed
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED, ChainRecipe
from realtime_fer.training.chain_of_affect.run_folder import ADAPTER_FOLDER, begin, leave, taken_up
from realtime_fer.training.run_files import History
from realtime_fer.training.run_loop import LOG_EVERY_S, training_arithmetic

try:
    import torch
    from accelerate import Accelerator
    from peft import set_peft_model_state_dict
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error

log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]

DTYPES: Final = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def train_chain_of_affect(
    *,
    model: Path,
    data: Path,
    images: Sequence[Path],
    out: Path,
    recipe: ChainRecipe = PUBLISHED,
    device: Device = "auto",
    workers: int = 0,
    threads: int | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    progress: Callable[[str], None] | None = None,
    tower: VisionTowerSizes = CLIP_VIT_L_14_336,
) -> Path:
    """Fine-tune and return the folder of the adapter, `out/lora`.

    Args:
        model: folder of microsoft/Phi-3.5-vision-instruct.
        data: records, see `chain_records`.
        images: folders that hold their pictures.
        out: run folder, see `run_folder`.
        recipe: everything else; a resumed run keeps its own.
        device: "auto" takes a GPU where there is one; which of several, torchrun says.
        workers: processes that prepare pictures, for each process that trains; 0 prepares them there.
        threads: torch's CPU threads; None leaves them.
        resume: go on from the newest checkpoint in `out`.
        stop_after: leave after this step of the schedule, to resume later.
        progress: told a line every few seconds, by the first process alone.
        tower: sizes of the image encoder.

    Raises:
        DatasetError: records, pictures or checkpoint cannot be used.
        ModelError: something about the model's files, or the loss is no longer a number.
        SettingsError: the batch cannot be shared out, or there is no such device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device: expected a GPU for 'cuda', torch finds none; try --device cpu")
    Phi3VisionConfig.from_file(model / "config.json", tower)  # a wrong folder is known at once
    everything = read_chain_records(data)
    base, digest = weights_version(model, None), records_digest(everything)
    accelerator = Accelerator(cpu=device == "cpu" or not torch.cuda.is_available(), mixed_precision="no")
    saved: dict[str, Any] | None = None
    if resume:
        recipe, saved = taken_up(out, digest, base)
    elif accelerator.is_main_process:
        begin(out, recipe)
    records = evenly(everything, recipe.limit)
    paths = find_pictures(records, images, str(data))
    tell = (progress or log.info) if accelerator.is_main_process else _silent
    with training_arithmetic(threads):
        run = _Run(accelerator=accelerator, recipe=recipe, records=records, model_folder=model, tower=tower, saved=saved)
        examples = ChainExamples(records, paths, Phi3VisionTokenizer.from_file(model / "tokenizer.json"), recipe.num_crops)
        second = sum(record.primary is not None for record in records)
        tell(
            f"{len(records) - second} first and {second} second questions; {run.trainable} numbers to learn; "
            f"{run.steps} steps of {recipe.batch} on {accelerator.num_processes} x {accelerator.device.type}"
        )
        stop = min(run.steps, stop_after or run.steps)
        batches = run.batches(examples, stop, workers)
        told = time.monotonic()
        while run.step < stop:
            row = run.take_step(batches)
            if time.monotonic() - told > LOG_EVERY_S or run.step == stop:
                told = time.monotonic()
                tell(
                    f"step {run.step}/{run.steps}, epoch {row['epoch']:.2f}/{recipe.epochs}, loss {row['loss']:.4f}, "
                    f"{row['seconds']:.2f} s a step, {_hours((stop - run.step) * row['seconds'])} left"
                )
            if accelerator.is_main_process and (run.step % recipe.save_every == 0 or run.step == stop):
                contents = run.contents()
                leave(out, {**contents, "records": digest, "base": base})
                save_adapter(out / ADAPTER_FOLDER, contents["adapter"], recipe, model)
        accelerator.wait_for_everyone()
    return out / ADAPTER_FOLDER


def evenly(records: Sequence[ChainRecord], limit: int | None) -> list[ChainRecord]:
    """At most so many records, from all over the file, so that both kinds of question are among them."""
    if limit is None or limit >= len(records):
        return list(records)
    return [records[position * len(records) // limit] for position in range(limit)]


class _Run:
    """Where a training stands; `step` counts those that are done."""

    def __init__(
        self,
        *,
        accelerator: Accelerator,
        recipe: ChainRecipe,
        records: Sequence[ChainRecord],
        model_folder: Path,
        tower: VisionTowerSizes,
        saved: dict[str, Any] | None,
    ) -> None:
        self._accelerator = accelerator
        self._recipe = recipe
        self._records = len(records)
        self._micro_batches = recipe.micro_batches_for(accelerator.num_processes)
        self.steps = recipe.steps(len(records))
        self.step = 0
        self.history: History = []
        # Among several processes accelerate numbers CPUs too, which safetensors does not know.
        where = torch.device("cpu") if accelerator.device.type == "cpu" else accelerator.device
        model = load_phi3_vision(model_folder, dtype=DTYPES[recipe.precision], device=where, tower=tower)
        torch.manual_seed(recipe.seed)
        self._adapted = new_adapter(model, recipe)
        if recipe.gradient_checkpointing:
            # The decoder's own switch also reaches the image encoder, which is a part of it. Transformers renamed it.
            decoder = model.model
            switch = getattr(decoder, "activation_checkpointing_enable", None) or decoder.gradient_checkpointing_enable
            switch({"use_reentrant": False})
        optimizer = torch.optim.AdamW(
            parameter_groups(self._adapted, recipe),
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
        )
        if saved is not None:
            set_peft_model_state_dict(self._adapted, saved["adapter"])
            optimizer.load_state_dict(saved["optimizer"])
            self.step, self.history = saved["step"], list(saved["history"])
        self._learning = [value for value in self._adapted.parameters() if value.requires_grad]
        self.trainable = sum(value.numel() for value in self._learning)
        self._loss, self._optimizer = accelerator.prepare(AnswerLoss(model, recipe.precision).train(), optimizer)

    def batches(self, examples: ChainExamples, stop: int, workers: int) -> Iterator[ChainBatch]:
        """This process' micro-batches from here on."""
        accelerator = self._accelerator
        order = RecordOrder(self._recipe, self._records)
        mine = list(order.micro_batches(self.step, stop, accelerator.process_index, accelerator.num_processes))
        untyped: Any = examples
        loader = DataLoader(
            untyped,
            batch_sampler=mine,
            collate_fn=collate,
            num_workers=workers,
            pin_memory=accelerator.device.type == "cuda",
        )
        return iter(loader)

    def take_step(self, batches: Iterator[ChainBatch]) -> dict[str, float]:
        """One optimiser step -> its row of the history.

        Raises:
            ModelError: the loss or a gradient is no number; the weights are those of the step before.
        """
        began, accelerator, recipe = time.monotonic(), self._accelerator, self._recipe
        share = recipe.share_of_peak(self.step, self.steps)
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
                accelerator.backward(loss)
            total += loss.detach()
        norm = float(accelerator.clip_grad_norm_(self._learning, recipe.clip_norm))
        mean = float(accelerator.reduce(total, "mean"))
        if not math.isfinite(mean) or not math.isfinite(norm):
            raise ModelError(
                f"step {self.step + 1}: the loss is {mean} and the gradient's norm {norm}, expected numbers; start again "
                "with a lower learning rate, or with --precision float32"
            )
        self._optimizer.step()
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

    def contents(self) -> dict[str, Any]:
        """What a checkpoint holds of this."""
        return {
            "recipe": asdict(self._recipe),
            "step": self.step,
            "history": self.history,
            "adapter": adapter_tensors(self._adapted),
            "optimizer": self._optimizer.state_dict(),
        }


def _silent(_line: str) -> None:
    """The other processes say nothing."""


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
