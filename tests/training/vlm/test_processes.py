from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.errors import SettingsError  # noqa: E402
from realtime_fer.training.vlm.processes import accelerator_for, evenly, loaded, teller, weights_device  # noqa: E402

pytestmark = pytest.mark.torch


def test_small_parts() -> None:
    accelerator = accelerator_for("cpu")
    assert weights_device(accelerator) == torch.device("cpu")
    told: list[str] = []
    teller(accelerator, told.append)("a")
    assert told == ["a"]
    assert evenly([0, 1, 2, 3, 4], 2) == [0, 2]
    assert list(loaded(accelerator, [1, 2, 3], [[2, 0], [1]], sum, 0)) == [4, 2]
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="torch finds none; try --device cpu"):
            accelerator_for("cuda")
