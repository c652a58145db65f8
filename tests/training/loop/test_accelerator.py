from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("accelerate", reason="needs the train extra")

from realtime_fer.errors import SettingsError  # noqa: E402
from realtime_fer.training.loop.accelerator import ALONE, Share, end_processes, new_accelerator, share_of  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("size", [6, 7, 8])
def test_shares_are_all_of_a_batch_and_disjoint(size: int) -> None:
    batch = np.arange(size)
    parts = [Share(index, 3).of(batch) for index in range(3)]
    assert sorted(np.concatenate(parts).tolist()) == batch.tolist()
    assert {len(part) for part in parts} <= {2, 3}
    assert ALONE.of(batch).tolist() == batch.tolist()


def test_each_run_has_its_own_precision() -> None:
    for precision in ("bf16", "no"):
        accelerator = new_accelerator("cpu", precision)
        assert (accelerator.mixed_precision, accelerator.device.type) == (precision, "cpu")
        assert share_of(accelerator) == ALONE
        with accelerator.autocast():
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype == {"bf16": torch.bfloat16, "no": torch.float32}[precision]
    end_processes(accelerator)


def test_what_the_machine_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert new_accelerator("auto").device.type == "cpu"
    with pytest.raises(SettingsError, match="expected a GPU for 'cuda', torch finds none; try --device cpu"):
        new_accelerator("cuda")
    with pytest.raises(SettingsError, match="float16: needs a GPU, found a CPU"):
        new_accelerator("auto", "fp16")
    with pytest.raises(SettingsError, match="mixed precision: expected no, bf16 or fp16, found 'fp8'"):
        new_accelerator("auto", "fp8")  # type: ignore[arg-type]
