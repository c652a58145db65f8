from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.losses import LABEL_SMOOTHING, captioning_loss, contrastive_loss, writing_loss  # noqa: E402

pytestmark = pytest.mark.torch


def test_captions_are_learned_with_their_beginning_and_without_filling() -> None:
    """By hand: the mean of four tokens' log-probabilities."""
    logits = torch.randn(2, 2 + 3, 7, generator=torch.Generator().manual_seed(0))
    ids, mask = torch.tensor([[2, 3, 4], [2, 1, 1]]), torch.tensor([[1, 1, 1], [1, 0, 0]])
    chosen = logits.log_softmax(dim=-1)
    by_hand = -(chosen[0, 1, 2] + chosen[0, 2, 3] + chosen[0, 3, 4] + chosen[1, 1, 2]) / 4
    assert float(captioning_loss(logits, ids, mask)) == pytest.approx(float(by_hand), abs=1e-6)


def test_equal_similarities_cost_the_logarithm_of_the_batch() -> None:
    loss = contrastive_loss(torch.full((4, 4), 0.3), torch.tensor(0.07))
    assert float(loss) == pytest.approx(float(torch.tensor(4.0).log()), abs=1e-6)


def test_pairs_are_on_the_diagonal_both_ways() -> None:
    similarity = torch.tensor([[1.0, 0.0], [0.5, 1.0]])
    rows, columns = (similarity / 0.5).log_softmax(1), (similarity.T / 0.5).log_softmax(1)
    kept = 1 - LABEL_SMOOTHING
    by_hand = [-(kept * table.diagonal() + LABEL_SMOOTHING * table.mean(dim=1)).mean() for table in (rows, columns)]
    assert float(contrastive_loss(similarity, torch.tensor(0.5))) == pytest.approx(float(sum(by_hand)) / 2, abs=1e-6)


def test_writing_leaves_out_the_first_token_and_the_filling() -> None:
    logits = torch.randn(1, 4, 5, generator=torch.Generator().manual_seed(0))
    chosen = logits.log_softmax(dim=-1)
    smooth = [
        (1 - LABEL_SMOOTHING) * chosen[0, at, word] + LABEL_SMOOTHING * chosen[0, at].mean() for at, word in ((0, 3), (1, 2))
    ]
    assert float(writing_loss(logits, torch.tensor([[4, 3, 2, 0]]), 0)) == pytest.approx(-float(sum(smooth)) / 2, abs=1e-6)


def test_shapes_that_do_not_go_together() -> None:
    ids = torch.ones(1, 3, dtype=torch.long)
    with pytest.raises(ShapeError, match="logits"):
        captioning_loss(torch.zeros(1, 3, 5), ids, ids)
    with pytest.raises(ShapeError, match="similarity"):
        contrastive_loss(torch.zeros(2, 3), torch.tensor(1.0))
    with pytest.raises(ShapeError, match="logits"):
        writing_loss(torch.zeros(1, 4, 5), ids, 0)
