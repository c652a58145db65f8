from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision.generation import generate, greedy_steps  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.networks.phi3_vision.sequence import TokenSequence  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_config, tiny_model  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

PROMPT = [1, 40, 41, 42, 43, 44]


def read(model: Phi3Vision, ids: Tensor, mask: Tensor | None = None) -> tuple[TokenSequence, Tensor]:
    sequence = TokenSequence(model)
    return sequence, sequence.extend(model.embed(ids), mask)


def without_cache(model: Phi3Vision, ids: list[int], count: int) -> list[int]:
    for _ in range(count):
        ids = [*ids, int(model(torch.tensor([ids]))[0, -1].argmax())]
    return ids[-count:]


@pytest.mark.parametrize("limit", [1024, 10])
@torch.no_grad()
def test_each_token_is_the_likeliest(limit: int) -> None:
    model = tiny_model(tiny_config(original_max_positions=limit))
    sequence, hidden = read(model, torch.tensor([PROMPT]))
    steps = list(islice(greedy_steps(model, sequence, hidden), 8))
    assert [int(step.token_ids) for step in steps] == without_cache(model, PROMPT, 8)
    assert all(int(step.logits.argmax()) == int(step.token_ids) for step in steps)
    assert sequence.length == len(PROMPT) + 7  # nothing is computed for a token that nobody asked for


@torch.no_grad()
def test_rows_end_at_their_own_stop() -> None:
    model = tiny_model()
    ids = torch.tensor([PROMPT, [3, 3, 1, 60, 61, 62]])
    mask = torch.tensor([[1] * 6, [0, 0, 1, 1, 1, 1]])
    free = [without_cache(model, PROMPT, 6), without_cache(model, [1, 60, 61, 62], 6)]
    stop = free[0][2]
    expected = [row[: row.index(stop)] if stop in row else row for row in free]
    found = generate(model, *read(model, ids, mask), stop_ids={stop}, max_new_tokens=6)
    assert found == expected
    assert len(found[0]) < len(found[1]) == 6


@torch.no_grad()
def test_no_more_than_asked_for() -> None:
    model = tiny_model()
    assert generate(model, *read(model, torch.tensor([PROMPT])), stop_ids=(), max_new_tokens=3) == [
        without_cache(model, PROMPT, 3)
    ]
    assert generate(model, *read(model, torch.tensor([PROMPT])), stop_ids=(), max_new_tokens=0) == [[]]


@torch.no_grad()
def test_decoding_ends_when_all_rows_have() -> None:
    model = tiny_model()
    first = without_cache(model, PROMPT, 1)[0]
    sequence, hidden = read(model, torch.tensor([PROMPT]))
    assert generate(model, sequence, hidden, stop_ids={first}, max_new_tokens=50) == [[]]
    assert sequence.length == len(PROMPT)
