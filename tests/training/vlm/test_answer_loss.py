from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.training.vlm.answer_loss import NOT_LEARNED, AnswerLoss  # noqa: E402

pytestmark = pytest.mark.torch

HIDDEN = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))


class Plain(AnswerLoss):
    """Hidden states are given, and the head is the model."""

    def hidden_states(self, batch: Any) -> Any:
        return HIDDEN

    def logits(self, hidden: Any) -> Any:
        assert len(hidden) == 3, "only what is learned"
        return self.model(hidden)


def test_each_learned_token_is_predicted_from_the_place_before_it() -> None:
    head = torch.nn.Linear(3, 5)
    # The first token of a row stands after nothing, so that it cannot be learned.
    labels = torch.tensor([[1, NOT_LEARNED, 2, 4], [NOT_LEARNED, 3, NOT_LEARNED, NOT_LEARNED]])
    batch = SimpleNamespace(labels=labels)
    shares = head(HIDDEN).log_softmax(dim=2)
    expected = -(shares[0, 1, 2] + shares[0, 2, 4] + shares[1, 0, 3]) / 3
    exact, mixed = (Plain(head, precision)(batch) for precision in ("float32", "bfloat16"))
    assert exact.item() == pytest.approx(expected.item(), abs=1e-6)
    assert mixed.dtype == torch.float32
    assert mixed.item() != exact.item()
    assert mixed.item() == pytest.approx(exact.item(), rel=0.05)
