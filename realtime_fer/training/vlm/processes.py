"""Where a run computes, who of its processes speaks, and what each of them is handed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from realtime_fer.errors import SettingsError, missing_extra

try:
    import torch
    from accelerate import Accelerator
    from torch.utils.data import DataLoader
except ImportError as error:
    raise missing_extra("training a vision-language model", "vlm", error) from error

log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]
Tell = Callable[[str], None]


def accelerator_for(device: Device) -> Accelerator:
    """Where to compute; "auto" takes a GPU where there is one; which of several, torchrun says.

    Raises:
        SettingsError: there is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device: expected a GPU for 'cuda', torch finds none; try --device cpu")
    return Accelerator(cpu=device == "cpu" or not torch.cuda.is_available(), mixed_precision="no")


def weights_device(accelerator: Accelerator) -> torch.device:
    """Where this process' weights go. Among several processes accelerate numbers CPUs too, which safetensors does not know."""
    return torch.device("cpu") if accelerator.device.type == "cpu" else accelerator.device


def teller(accelerator: Accelerator, progress: Tell | None) -> Tell:
    """Tells the caller, or the log; the other processes say nothing."""
    return (progress or log.info) if accelerator.is_main_process else _silent


def evenly(records: Sequence[Any], limit: int | None) -> list[Any]:
    """At most so many records, from all over, so that every kind is among them."""
    if limit is None or limit >= len(records):
        return list(records)
    return [records[position * len(records) // limit] for position in range(limit)]


def loaded(
    accelerator: Accelerator,
    examples: Any,
    wanted: Iterable[list[Any]],
    collate: Callable[[Sequence[Any]], Any],
    workers: int,
) -> Iterator[Any]:
    """Micro-batches of a data set, prepared by so many other processes.

    Args:
        examples: what torch's loader takes: `examples[wanted]` is one of them.
        wanted: for each micro-batch, what to ask for.
        collate: puts examples side by side.
    """
    loader = DataLoader(
        examples,
        batch_sampler=list(wanted),
        collate_fn=collate,
        num_workers=workers,
        pin_memory=accelerator.device.type == "cuda",
    )
    return iter(loader)


def _silent(_line: str) -> None:
    """The other processes say nothing."""
