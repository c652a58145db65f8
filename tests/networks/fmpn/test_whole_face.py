from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.fmpn.checkpoint import fmpn_from  # noqa: E402
from realtime_fer.networks.fmpn.model import Fmpn  # noqa: E402
from realtime_fer.networks.fmpn.weight_files import NETS  # noqa: E402
from realtime_fer.networks.fmpn.whole_face import WholeFace  # noqa: E402
from realtime_fer.training.fmpn.trained import split_states  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX, tiny_fmpn  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_fusion_sees_the_whole_grey_face() -> None:
    tiny = tiny_fmpn()
    model = Fmpn(WholeFace(), tiny.net_fusion, tiny.net_cls)
    rgb, grey = torch.rand(2, 3, SIZE_PX, SIZE_PX), torch.rand(2, 1, SIZE_PX, SIZE_PX)
    with torch.no_grad():
        output = model(rgb, grey)
        assert torch.equal(output.focus, grey)
        assert torch.equal(output.mask, torch.ones_like(grey))
        # One parameter nowhere: what is written holds two nets, and comes back as such.
        back = fmpn_from(split_states(model.state_dict()), dict.fromkeys(NETS, "it"), SIZE_PX)
        assert isinstance(back.net_resface, WholeFace)
        assert torch.equal(back(rgb, grey).logits, output.logits)
