from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision.rope import LongRope  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_config  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_published_scale() -> None:
    config = tiny_config(original_max_positions=1024)
    assert LongRope(config).scale == pytest.approx(math.sqrt(1.2))


def test_long_from_one_key_past_the_limit() -> None:
    rope = LongRope(tiny_config(original_max_positions=64))
    assert not rope.is_long(64)
    assert rope.is_long(65)


@pytest.mark.parametrize("use_long", [False, True])
def test_angles(use_long: bool) -> None:
    config = tiny_config()
    rope = LongRope(config)
    rope.use_long = use_long
    cos, sin = rope(torch.zeros(1), torch.tensor([[0, 5]]))
    factors = config.long_factor if use_long else config.short_factor
    assert cos.shape == (1, 2, config.head_size)
    for pair, factor in enumerate(factors):
        angle = 5 / (factor * 10000 ** (2 * pair / config.head_size))
        for index in (pair, pair + len(factors)):
            assert float(cos[0, 1, index]) == pytest.approx(rope.scale * math.cos(angle), abs=1e-5)
            assert float(sin[0, 1, index]) == pytest.approx(rope.scale * math.sin(angle), abs=1e-5)
    assert torch.allclose(cos[0, 0], torch.tensor(rope.scale))


def test_angles_are_exact_in_a_half_precision_model() -> None:
    rope = LongRope(tiny_config()).to(torch.bfloat16)
    positions = torch.tensor([[801]])
    cos, _ = rope(torch.zeros(1, dtype=torch.bfloat16), positions)
    expected, _ = rope(torch.zeros(1), positions)
    assert cos.dtype == torch.bfloat16
    assert torch.allclose(cos.float(), expected, atol=5e-3)
