from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.fmpn.inception_v3 import InceptionV3  # noqa: E402
from realtime_fer.training.fmpn.stages import imagenet_classifier  # noqa: E402
from tests.networks.fmpn.tiny import WIDTH, shaken  # noqa: E402

pytestmark = pytest.mark.torch


def test_imagenet_weights_are_taken_but_for_the_last_layer(tmp_path: Path) -> None:
    big = shaken(InceptionV3(1000, width=WIDTH))
    state = {**big.state_dict(), "AuxLogits.fc.bias": torch.zeros(1000)}
    torch.save(state, tmp_path / "inception.pth")
    net = imagenet_classifier(tmp_path / "inception.pth", 7)
    assert net.fc.weight.shape == (7, 128)
    # Xavier with a gain of 0.02.
    assert float(net.fc.weight.detach().std()) == pytest.approx(0.02 * (2 / 135) ** 0.5, rel=0.15)
    assert net.fc.bias.count_nonzero() == 0
    found = net.state_dict()
    assert all(torch.equal(found[name], value) for name, value in big.state_dict().items() if not name.startswith("fc."))
    torch.save({**state, "extra": torch.zeros(1)}, tmp_path / "inception.pth")
    with pytest.raises(ModelCorruptError, match=r"inception\.pth: of 566 expected tensors, 1 unexpected \(extra\)"):
        imagenet_classifier(tmp_path / "inception.pth", 7)
