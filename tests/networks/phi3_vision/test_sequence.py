from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.networks.phi3_vision.sequence import TokenSequence  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_config, tiny_model  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

LIMIT = 24


@pytest.fixture
def model() -> Phi3Vision:
    return tiny_model(tiny_config(original_max_positions=LIMIT))


def embedded(model: Phi3Vision, *ids: int) -> Tensor:
    return model.embed(torch.tensor([ids]))


@pytest.mark.parametrize("cuts", [(20,), (1, 2, 3), (23, 24), (24, 25), (10, 24, 30)], ids=str)
@pytest.mark.parametrize("total", [22, 40])
@torch.no_grad()
def test_however_a_text_is_cut_the_end_is_the_same(model: Phi3Vision, cuts: tuple[int, ...], total: int) -> None:
    """Also where it grows past the limit, and what was cached no longer holds."""
    ids = torch.arange(total)[None]
    sequence, start = TokenSequence(model), 0
    for stop in [*(cut for cut in cuts if cut < total), total]:
        hidden = sequence.extend(model.embed(ids[:, start:stop]))
        assert hidden.shape == (1, stop - start, 32)
        start = stop
    assert sequence.length == total == sequence.cache.get_seq_length()
    assert torch.allclose(model.logits(hidden[:, -1]), model(ids)[:, -1], atol=1e-4)


@pytest.mark.parametrize(
    ("first", "back", "second"), [(20, 12, 5), (20, 0, 5), (30, 12, 5), (20, 12, 15), (30, 28, 5), (20, 20, 1)]
)
@torch.no_grad()
def test_after_rewinding_nothing_of_the_forgotten_is_left(model: Phi3Vision, first: int, back: int, second: int) -> None:
    """On either side of the limit, and across it both ways."""
    ids = torch.arange(100)
    sequence = TokenSequence(model)
    sequence.extend(model.embed(ids[None, :first]))
    sequence.rewind(back)
    assert sequence.length == back
    hidden = sequence.extend(model.embed(ids[None, 50 : 50 + second]))
    expected = model(torch.cat([ids[:back], ids[50 : 50 + second]])[None])
    assert torch.allclose(model.logits(hidden), expected[:, back:], atol=1e-4)


@torch.no_grad()
def test_padded_rows_read_on_together(model: Phi3Vision) -> None:
    ids = torch.tensor([[5, 6, 7, 8], [3, 3, 9, 8]])
    mask = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]])
    sequence = TokenSequence(model)
    sequence.extend(model.embed(ids), mask)
    hidden = sequence.extend(model.embed(torch.tensor([[20], [21]])))
    assert torch.allclose(model.logits(hidden[0]), model(torch.tensor([[5, 6, 7, 8, 20]]))[0, -1:], atol=1e-4)
    assert torch.allclose(model.logits(hidden[1]), model(torch.tensor([[9, 8, 21]]))[0, -1:], atol=1e-4)


@torch.no_grad()
def test_what_does_not_fit_is_refused(model: Phi3Vision) -> None:
    sequence = TokenSequence(model)
    sequence.extend(embedded(model, 1, 2, 3))
    with pytest.raises(ShapeError, match="2 rows"):
        sequence.extend(model.embed(torch.tensor([[1], [2]])))
    with pytest.raises(ShapeError, match="cannot read 0"):
        sequence.extend(torch.zeros(1, 0, 32))
    with pytest.raises(ShapeError, match="after 3 tokens"):
        sequence.extend(embedded(model, 4), torch.ones(1, 1))
    with pytest.raises(ShapeError, match="rewound to 4"):
        sequence.rewind(4)
    with pytest.raises(ShapeError, match="rewound to -1"):
        sequence.rewind(-1)
