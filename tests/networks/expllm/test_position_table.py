from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")

from realtime_fer.errors import ModelShapeError  # noqa: E402
from realtime_fer.networks.expllm.position_table import resampled_positions  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_scale_factor_says_where_the_table_is_sampled() -> None:
    """A ramp is sampled at (i + 0.5) * 37 / 16.1 - 0.5, not at (i + 0.5) * 37 / 16 - 0.5."""
    ramp = torch.arange(37.0)
    grid = torch.stack([ramp[None].expand(37, 37), ramp[:, None].expand(37, 37)], dim=-1)
    table = torch.cat([torch.full((1, 1, 2), -5.0), grid.reshape(1, 1369, 2)], dim=1)
    small = resampled_positions(table)
    assert small.shape == (1, 257, 2)
    assert small[0, 0].tolist() == [-5, -5]
    found = small[0, 1:].reshape(16, 16, 2)
    # Away from the border, where bicubic keeps a ramp to within 0.05; the two rules differ by 0.12 and more here.
    inner = torch.arange(8, 14)
    expected = (inner + 0.5) * 37 / 16.1 - 0.5
    torch.testing.assert_close(found[5, 8:14, 0], expected, atol=0.06, rtol=0)
    torch.testing.assert_close(found[8:14, 5, 1], expected, atol=0.06, rtol=0)


def test_type_is_kept_and_other_tables_are_refused() -> None:
    assert resampled_positions(torch.zeros(1, 1370, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16
    with pytest.raises(ModelShapeError, match="found \\(1, 257, 2\\)"):
        resampled_positions(torch.zeros(1, 257, 2))
