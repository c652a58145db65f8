"""Memory that published weights take, from their numbers of parameters. Nothing here is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from realtime_fer.zoo.catalogue import KvCache, Part, Published

Storage = Literal["float32", "16 bits", "8 bits", "4 bits"]

BYTES: Final[dict[Storage, float]] = {"float32": 4, "16 bits": 2, "8 bits": 1, "4 bits": 0.5 + 4 / 64}
"""Of one number in a large matrix. 64 numbers of four bits share a scale in float32 (nf4 of Dettmers et al., QLoRA, NeurIPS
2023, its scales not quantised in turn, as `reasoning.placement` loads it); the scales of 8 bits, one a row, do not count."""

CACHE_BYTES: Final = 2
"""Of one number in the cache: bfloat16 or float16."""


def weight_bytes(parts: Sequence[Part], storage: Storage) -> int:
    """Bytes of the weights alone.

    Args:
        storage: of the large matrices; with 8 or 4 bits all else has 16, and what is kept in float32 has that.
    """
    total = 0.0
    for part in parts:
        kept: Storage = "float32" if part.float32 else storage if part.quantised or BYTES[storage] >= 2 else "16 bits"
        total += part.parameters * BYTES[kept]
    return round(total)


def cache_bytes(cache: KvCache) -> int:
    """Bytes of keys and values, for all layers, tokens and beams."""
    return 2 * cache.layers * cache.width * cache.tokens * cache.beams * CACHE_BYTES


def hardware_lines(entry: Published) -> list[str]:
    """What to tell a user; empty where no parameters are stated."""
    if not entry.parts:
        return []
    lines = [
        f"{sum(part.parameters for part in entry.parts):,} parameters: "
        + "; ".join(f"{part.of} {part.parameters:,}" for part in entry.parts)
    ]
    storages: list[Storage] = ["float32", "16 bits"]
    if any(part.quantised for part in entry.parts):
        storages += ["8 bits", "4 bits"]
    lines.append("weights " + ", ".join(f"{in_units(weight_bytes(entry.parts, s))} in {s}" for s in storages))
    if any(part.float32 for part in entry.parts):
        lines.append("of that, float32 whatever is chosen: " + ", ".join(part.of for part in entry.parts if part.float32))
    if entry.kv_cache is not None:
        lines.append(f"keys and values {in_units(cache_bytes(entry.kv_cache))} in 16 bits ({entry.kv_cache.of})")
        lines.append("computed from the parameters, not measured; activations and the library's own memory come on top")
    return lines


def in_units(size: int) -> str:
    """Bytes as people say them: 19.1 kB, 109 MB, 8.29 GB."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
