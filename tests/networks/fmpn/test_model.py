from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from tests.networks.fmpn.tiny import SIZE_PX, tiny_fmpn  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_classifier_sees_colour_and_the_grey_face_under_its_mask() -> None:
    model = tiny_fmpn()
    rgb, grey = torch.rand(2, 3, SIZE_PX, SIZE_PX), torch.rand(2, 1, SIZE_PX, SIZE_PX)
    with torch.no_grad():
        output = model(rgb, grey)
        mask, _ = model.net_resface(grey)
        assert torch.equal(output.mask, mask)
        assert torch.allclose(output.focus, mask * grey)
        assert torch.allclose(output.fused, model.net_fusion(rgb, mask * grey))
        assert torch.allclose(output.logits, model.net_cls(output.fused))
    assert output.logits.shape == (2, 7)


def test_the_class_loss_trains_the_mask_generator_too() -> None:
    model = tiny_fmpn().train()
    model(torch.rand(2, 3, SIZE_PX, SIZE_PX), torch.rand(2, 1, SIZE_PX, SIZE_PX)).logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in [model.net_resface.res_top[0].weight])
