from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.inception_v3 import SMALLEST_FACE_PX, InceptionV3  # noqa: E402
from tests.networks.fmpn.tiny import WIDTH, shaken  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("classes", "parameters"), [(7, 21_799_911), (6, 21_797_862)])
def test_published_size_and_names(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        net = InceptionV3(classes)
    state = net.state_dict()
    assert (len(state), sum(p.numel() for p in net.parameters())) == (566, parameters)
    assert state["fc.weight"].shape == (classes, 2048)
    assert state["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert not [name for name in state if name.startswith(("AuxLogits", "input_"))]


def test_the_smallest_face_still_has_an_answer() -> None:
    net = shaken(InceptionV3(5, width=WIDTH))
    faces = torch.rand(3, 3, SMALLEST_FACE_PX, SMALLEST_FACE_PX)
    with torch.no_grad():
        logits = net(faces)
        assert logits.shape == (3, 5)
        assert torch.allclose(logits, net.fc(net.features(faces)), atol=1e-6)
        assert torch.allclose(logits[1:2], net(faces[1:2]), atol=1e-5)


def test_the_input_is_shifted_as_if_it_were_standardised() -> None:
    """x * 0.458 - 0.030, x * 0.448 - 0.088, x * 0.450 - 0.188 for red, green and blue."""
    net = InceptionV3(2, width=WIDTH)
    ones = torch.ones(3, 1, 1)
    shifted = (ones * net.input_scale + net.input_shift).flatten()
    assert shifted.tolist() == pytest.approx([0.458 - 0.030, 0.448 - 0.088, 0.450 - 0.188], abs=1e-6)
    assert net.input_shift.flatten().tolist() == pytest.approx([-0.030, -0.088, -0.188], abs=1e-6)


def test_norms_are_inceptions_own() -> None:
    norms = [layer for layer in InceptionV3(2, width=WIDTH).modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {0.001}
