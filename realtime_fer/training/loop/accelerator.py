"""Where a training computes, how exactly, and who of its processes has which samples: one process, or those of torchrun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from realtime_fer.errors import SettingsError, missing_extra

try:
    import torch
    from accelerate import Accelerator, InitProcessGroupKwargs
    from accelerate.state import AcceleratorState
except ImportError as error:
    raise missing_extra("training a network", "train", error) from error

Device = Literal["auto", "cpu", "cuda"]

MixedPrecision = Literal["no", "bf16", "fp16"]
"""As accelerate calls them: all in float32, or what loses little by it in bfloat16 or float16."""

PATIENCE: Final = timedelta(hours=2)
"""How long the other processes wait for the first one's figures of an epoch."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which samples of every batch a process has: every `count`-th, from number `index` on.

    The shares of a batch are disjoint and together all of it; their sizes differ by one at most.
    """

    index: int = 0
    count: int = 1

    def of(self, batch: Any) -> Any:
        """This process' part of a sequence or array."""
        return batch[self.index :: self.count]


ALONE: Final = Share()
"""The only process has all of every batch."""


def new_accelerator(device: Device = "auto", mixed_precision: MixedPrecision = "no") -> Accelerator:
    """The processes of a run, as torchrun started them, or this one alone.

    Args:
        device: "auto" takes a GPU where there is one; which of several, torchrun says.

    Raises:
        SettingsError: there is no such device or precision, or the device does not compute so.
    """
    for what, value, known in (("device", device, Device), ("mixed precision", mixed_precision, MixedPrecision)):
        if value not in get_args(known):
            raise SettingsError(f"{what}: expected {', '.join(get_args(known)[:-1])} or {get_args(known)[-1]}, found {value!r}")
    gpu = torch.cuda.is_available()
    if device == "cuda" and not gpu:
        raise SettingsError("device: expected a GPU for 'cuda', torch finds none; try --device cpu")
    cpu = device == "cpu" or not gpu
    if cpu and mixed_precision == "fp16":
        raise SettingsError(
            "precision float16: needs a GPU, found a CPU; take bfloat16 (bf16), or float32 (no mixed precision)"
        )
    # Accelerate keeps device and precision of the first run in a process for all others, which may want another.
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=cpu, mixed_precision=mixed_precision, kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)])


def share_of(accelerator: Accelerator) -> Share:
    """Of this process."""
    return Share(accelerator.process_index, accelerator.num_processes)


def end_processes(accelerator: Accelerator) -> None:
    """Part from the other processes after the last epoch."""
    accelerator.end_training()
    AcceleratorState._reset_state(reset_partial_state=True)
