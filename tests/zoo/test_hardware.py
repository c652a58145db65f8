from __future__ import annotations

import pytest

from realtime_fer.zoo.catalogue import KvCache, Part, find_published
from realtime_fer.zoo.hardware import cache_bytes, hardware_lines, in_units, weight_bytes

PARTS = [
    Part(of="layers", parameters=6400, quantised=True),
    Part(of="words", parameters=100),
    Part(of="eye", parameters=10, float32=True),
]


@pytest.mark.parametrize(
    ("storage", "expected"),
    [("float32", 26040), ("16 bits", 13040), ("8 bits", 6640), ("4 bits", 3200 + 400 + 200 + 40)],
)
def test_each_part_is_counted_as_it_is_stored(storage: str, expected: int) -> None:
    assert weight_bytes(PARTS, storage) == expected  # type: ignore[arg-type]


def test_keys_and_values_of_all_layers_tokens_and_beams() -> None:
    cache = KvCache(layers=32, width=4096, tokens=233, beams=5, of="a face")
    assert cache_bytes(cache) == 2 * 2 * 32 * 4096 * 233 * 5 == 610_795_520


def test_the_text_says_what_it_is_for() -> None:
    text = "\n".join(hardware_lines(find_published("expllm")))
    assert "7,068,744,704 parameters" in text
    assert "14.8 GB in 16 bits, 8.32 GB in 8 bits, 5.49 GB in 4 bits" in text
    assert "keys and values 611 MB in 16 bits (a label and its description: 366 tokens read, 800 written)" in text
    assert "not measured" in text
    assert "8 bits" not in "\n".join(hardware_lines(find_published("fmpn")))
    assert hardware_lines(find_published("glove-6b")) == []


@pytest.mark.parametrize(("size", "text"), [(5, "5 bytes"), (19105, "19.1 kB"), (108_949_747, "109 MB"), (8.29e9, "8.29 GB")])
def test_units(size: int, text: str) -> None:
    assert in_units(int(size)) == text
