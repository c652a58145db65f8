from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.prior_fusion import PriorFusion  # noqa: E402
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


def test_published_size_and_names() -> None:
    net = PriorFusion()
    assert sum(p.numel() for p in net.parameters()) == 377
    state = net.state_dict()
    assert len(state) == 27
    shapes = {name: tuple(state[name].shape) for name in ("process_a.0.weight", "process_b.0.weight", "model.1.weight")}
    assert shapes == {"process_a.0.weight": (3, 3, 3, 3), "process_b.0.weight": (3, 1, 3, 3), "model.1.weight": (3, 3, 3, 3)}
    assert state["model.0.conv_block.2.weight"].shape == (1,)


def test_both_pictures_matter_and_the_result_is_a_picture() -> None:
    net = shaken(PriorFusion())
    rgb, focus = torch.rand(2, 3, 8, 8), torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        fused = net(rgb, focus)
        assert fused.shape == (2, 3, 8, 8)
        assert 0 < fused.min() < fused.max() < 1
        assert not torch.allclose(fused, net(rgb, 0 * focus), atol=1e-3)
        assert not torch.allclose(fused, net(0 * rgb, focus), atol=1e-3)
        y = net.model[0](net.process_a(rgb) + net.process_b(focus))
        assert torch.allclose(fused, net.model[1](y).sigmoid(), atol=1e-6)
