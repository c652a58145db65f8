"""Which of a model's weight files to run: float32, or 8-bit integers where the processor multiplies those faster."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.zoo.shelf import ShelvedModel

Precision = Literal["auto", "fp32", "int8"]

CPU_INFO = Path("/proc/cpuinfo")

DOT_PRODUCT_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""What Linux calls the instructions that multiply four pairs of bytes and add them up (x86 VNNI, Arm dot product). Without
them 8-bit networks are no faster, and on older x86 their sums can saturate, which costs accuracy."""


def with_precision(
    model: ShelvedModel, precision: Precision = "auto", *, providers: Sequence[str] | None = None
) -> ShelvedModel:
    """The same model, set to the weight file to run.

    Args:
        precision: `auto` takes int8 where the model has it, it runs on the CPU, and the CPU is good at it.
        providers: execution providers asked for; None means the CPU.

    Raises:
        ModelNotFoundError: int8 was asked for and the model has none.
    """
    manifest = model.manifest
    if precision == "int8" and manifest.int8 is None:
        raise ModelNotFoundError(
            f"model {manifest.name!r}: expected weights in int8, found only fp32; "
            f"take precision fp32, or make them with: realtime-fer export int8 {manifest.name}"
        )
    on_cpu = not providers or providers[0] == "CPUExecutionProvider"
    automatic = precision == "auto" and manifest.int8 is not None and on_cpu and multiplies_bytes_fast()
    return replace(model, precision="int8" if precision == "int8" or automatic else "fp32")


def multiplies_bytes_fast(cpu_info: Path = CPU_INFO) -> bool:
    """Whether this processor has instructions for dot products of bytes; False where that cannot be found out."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        text = cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return not DOT_PRODUCT_FLAGS.isdisjoint(text.split())
