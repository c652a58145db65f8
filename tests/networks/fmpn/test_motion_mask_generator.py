from __future__ import annotations

from typing import get_args

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator, Norm, ResidualBlock  # noqa: E402
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("size_px", [4, 7, 16, 19, 24, 35])
def test_the_mask_has_the_size_of_the_face_and_lies_between_0_and_1(size_px: int) -> None:
    net = shaken(MotionMaskGenerator(size_px, channels=2, blocks=1))
    with torch.no_grad():
        mask, features = net(torch.rand(2, 1, size_px, size_px))
    assert mask.shape == (2, 1, size_px, size_px)
    assert features.shape == (2, 2, size_px, size_px)
    assert 0 <= mask.min() < mask.max() <= 1


@pytest.mark.parametrize("size_px", [0, 3, 97, 98, 101])
def test_sizes_that_would_not_come_back_are_refused(size_px: int) -> None:
    with pytest.raises(ShapeError, match=f"0 or 3 modulo 4.*found {size_px}"):
        MotionMaskGenerator(size_px)


@pytest.mark.parametrize(
    ("norm", "dropout", "keys", "parameters"),
    [
        ("batch", False, 87, 6_040_968),
        ("instance", False, 74, 6_038_280),
        ("batch", True, 87, 6_040_968),
        ("none", False, 22, 6_035_592),
    ],
)
def test_published_makes_have_the_published_tensors(norm: Norm, dropout: bool, keys: int, parameters: int) -> None:
    with torch.device("meta"):
        net = MotionMaskGenerator(norm=norm, dropout=dropout)
    state = net.state_dict()
    assert (len(state), sum(p.numel() for p in net.parameters())) == (keys, parameters)
    assert state["res_top.0.weight"].shape == (1, 64, 7, 7)
    assert state["feature_extractor.13.weight"].shape == (256, 128, 4, 4)
    second = "feature_extractor.12.conv_block.4.weight" if dropout else "feature_extractor.12.conv_block.3.weight"
    assert state[second].shape == (256, 256, 3, 3)
    assert ("feature_extractor.0.bias" in state) == (norm == "instance")
    assert "res_top.0.bias" not in state


def test_every_norm_is_built() -> None:
    assert set(get_args(Norm)) == {"batch", "instance", "none"}


def test_a_block_has_its_second_activation_before_the_sum() -> None:
    block = shaken(ResidualBlock(3))
    block.conv_block[5].weight.data.fill_(0.5)
    x = torch.randn(1, 3, 5, 5)
    first, norm1, prelu1, second, norm2, prelu2 = block.conv_block
    with torch.no_grad():
        y = norm2(second(prelu1(norm1(first(x)))))
        assert torch.allclose(block(x), x + torch.where(y > 0, y, 0.5 * y), atol=1e-6)
        assert not torch.allclose(block(x), x + y, atol=1e-3)
    assert prelu2.weight.numel() == 1


def test_instance_norm_uses_running_statistics_once_trained() -> None:
    """In evaluation mode a brighter picture is not brought back to the same mask."""
    net = shaken(MotionMaskGenerator(16, channels=2, blocks=1, norm="instance"))
    face = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        together = net(torch.cat([face, 0.2 * face]))[0]
        assert torch.allclose(together[:1], net(face)[0], atol=1e-6)
        assert not torch.allclose(together[0], together[1], atol=1e-3)
