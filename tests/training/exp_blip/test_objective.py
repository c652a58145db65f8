from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.networks.exp_blip.losses import captioning_loss  # noqa: E402
from realtime_fer.training.exp_blip.examples import CaptionBatch  # noqa: E402
from realtime_fer.training.exp_blip.objective import CaptionLoss  # noqa: E402
from tests.networks.exp_blip.tiny import noise  # noqa: E402
from tests.training.exp_blip.tiny_set import save_checkpoints  # noqa: E402

pytestmark = pytest.mark.torch

BATCH = CaptionBatch(
    noise((2, 3, 28, 28), 1),
    torch.tensor([[2, 40, 41, 14], [2, 50, 14, 1]]),
    torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
)


def test_it_is_the_networks_loss_and_gradients_reach_all_but_opt(tmp_path: Path) -> None:
    model = save_checkpoints(tmp_path).load(torch.device("cpu"), torch.float32)
    loss = CaptionLoss(model, "float32")(BATCH)
    expected = captioning_loss(model(*BATCH), BATCH.text_ids, BATCH.text_mask)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-6)
    loss.backward()
    reached = {name for name, value in model.named_parameters() if value.grad is not None}
    assert reached == {name for name, _ in model.named_parameters() if not name.startswith("blip.language_model.")}
    with torch.no_grad():
        mixed = float(CaptionLoss(model, "bfloat16")(BATCH))
    assert mixed != float(loss.detach())
    assert mixed == pytest.approx(float(loss.detach()), rel=0.05)


def test_a_frozen_opt_may_be_half(tmp_path: Path) -> None:
    model = save_checkpoints(tmp_path).load(torch.device("cpu"), torch.bfloat16)
    loss = CaptionLoss(model, "bfloat16")(BATCH)
    loss.backward()
    assert {value.grad.dtype for value in model.parameters() if value.grad is not None} == {torch.float32}
