from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
image = pytest.importorskip("PIL.Image", reason="needs the train extra")

from realtime_fer.networks.fmpn.export_form import FmpnForExport  # noqa: E402
from realtime_fer.networks.fmpn.motion_mask_generator import Norm  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX, tiny_fmpn  # noqa: E402

pytestmark = pytest.mark.torch


def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 3, SIZE_PX, SIZE_PX)).astype(np.float32)


def test_grey_is_pillows_to_the_level() -> None:
    every = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    every[0, :2] = (255, 255, 255), (0, 0, 0)
    found = FmpnForExport(tiny_fmpn()).grey(torch.from_numpy(every.transpose(2, 0, 1)[None].astype(np.float32)))
    assert (found[0, 0].numpy() == np.asarray(image.fromarray(every).convert("L"))).all()


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_it_answers_as_the_model_does(norm: Norm) -> None:
    pictures = torch.from_numpy(faces())
    model = tiny_fmpn(norm=norm)
    grey = FmpnForExport(tiny_fmpn()).grey(pictures) / 255
    with torch.no_grad():
        expected = model(pictures / 255, grey)
        logits, mask = FmpnForExport(model)(pictures)
        alone = FmpnForExport(model, with_mask=False)(pictures)
    assert torch.allclose(logits, expected.logits, atol=1e-5)
    assert torch.allclose(mask, expected.mask, atol=1e-6)
    assert torch.equal(alone, logits)
    assert not [layer for layer in model.modules() if isinstance(layer, torch.nn.InstanceNorm2d)]
