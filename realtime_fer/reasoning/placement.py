"""Where a large network's weights go and in which form, as the options of a reasoner say it.

Encoders of pictures are small and go to one device. A language model may be cut over several GPUs (accelerate's device maps)
and its layers stored in 8 or 4 bits (bitsandbytes); both are transformers' own loading, for which it gets our tensors.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from realtime_fer.errors import SettingsError, missing_extra

try:
    import torch
    from torch import Tensor
    from transformers import BitsAndBytesConfig
except ImportError as error:
    raise missing_extra("A large reasoner", "vlm", error) from error

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
BITS: Final = (8, 4)
DEVICE_MAPS: Final = ("auto", "balanced", "balanced_low_0", "sequential")
"""Of accelerate: "auto" and "balanced" fill all GPUs evenly, the third leaves room on the first, the last fills one by one."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how.

    Attributes:
        device: of everything; with a map, of all but the language model.
        dtype: of the language model; with `bits`, of its arithmetic.
        bits: 8 or 4 for layers stored with so many; None as `dtype`.
        device_map: one of `DEVICE_MAPS`, or a device by module name of the language model; None for one device.
    """

    device: torch.device
    dtype: torch.dtype = torch.bfloat16
    bits: int | None = None
    device_map: str | dict[str, Any] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the weights go as they are to one device."""
        return self.bits is None and self.device_map is None

    @property
    def words(self) -> str:
        """What of it changes answers, for a version: "bfloat16", or "4 bits, float16"."""
        name = str(self.dtype).removeprefix("torch.")
        return name if self.bits is None else f"{self.bits} bits, {name}"


def choose_placement(
    *,
    device: str = "auto",
    dtype: str = "bfloat16",
    bits: int | None = None,
    device_map: str | Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> Placement:
    """Read a reasoner's options.

    Args:
        device: "cpu", "cuda", "cuda:1"; "auto" takes a GPU where there is one.
        dtype: name in `DTYPES`.
        bits: 8 or 4; needs bitsandbytes and a GPU.
        device_map: see `Placement`.
        threads: of torch on the CPU, set here; None leaves its own choice.

    Raises:
        SettingsError: a value is not known, or this machine has not what it asks for.
    """
    if dtype not in DTYPES:
        raise SettingsError(f"dtype: expected one of {', '.join(DTYPES)}, found {dtype!r}")
    if isinstance(device_map, str) and device_map not in DEVICE_MAPS:
        raise SettingsError(f"device_map: expected one of {', '.join(DEVICE_MAPS)}, or devices by name, found {device_map!r}")
    if threads is not None:
        torch.set_num_threads(threads)
    where = _device(device)
    if bits is not None:
        _require_bits(bits, where)
    chosen_map = dict(device_map) if isinstance(device_map, Mapping) else device_map
    return Placement(where, DTYPES[dtype], bits, chosen_map)


def place_language(kind: Any, config: Any, tensors: Mapping[str, Tensor], placement: Placement) -> Any:
    """A language model of transformers with these weights, through its own loading.

    Args:
        kind: the model's class, such as LlamaForCausalLM.
        config: of transformers.
        tensors: by the class's own names.
        placement: not a plain one.

    Returns:
        The model in evaluation mode, whose weights are not learned.
    """
    model = kind.from_pretrained(
        None,
        config=config,
        state_dict=dict(tensors),
        dtype=placement.dtype,
        device_map=placement.device_map or {"": placement.device},
        quantization_config=_quantised(placement),
    )
    return model.eval().requires_grad_(False)


def _quantised(placement: Placement) -> BitsAndBytesConfig | None:
    if placement.bits is None:
        return None
    if placement.bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=placement.dtype)


def _device(name: str) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda:0" if count else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SettingsError(f"device: expected auto, cpu, cuda or cuda:1, found {name!r}") from error
    if device.type == "cuda" and (device.index or 0) >= count:
        raise SettingsError(f"device: expected one of this machine's GPUs, found {name!r} and {count} GPUs; try: cpu")
    return device


def _require_bits(bits: int, device: torch.device) -> None:
    if isinstance(bits, bool) or bits not in BITS:
        raise SettingsError(f"bits: expected {' or '.join(map(str, BITS))}, found {bits!r}; leave it out for plain weights")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise SettingsError(f"bits={bits}: needs bitsandbytes, which is not installed; try: pip install bitsandbytes")
    if device.type != "cuda":
        raise SettingsError(f"bits={bits}: needs a GPU, found {device}; leave it out, and take dtype=bfloat16 on a processor")
