from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.training.vlm.trained import learning, restore_trained, trained_tensors  # noqa: E402

pytestmark = pytest.mark.torch


def test_copies_of_what_learns_go_back() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)).bfloat16()
    model[0].requires_grad_(False)
    before = trained_tensors(model)
    assert list(before) == list(learning(model)) == ["1.weight", "1.bias"]
    assert {value.dtype for value in before.values()} == {torch.float32}
    with torch.no_grad():
        for value in model.parameters():
            value.add_(1)
    assert not torch.equal(model[1].weight.float(), before["1.weight"])
    restore_trained(model, before)
    assert torch.equal(model[1].weight.float(), before["1.weight"])


@pytest.mark.parametrize(
    "change", [{"x": torch.zeros(1)}, {"1.bias": torch.zeros(2)}, {"1.bias": None}], ids=["more", "shape", "fewer"]
)
def test_copies_of_another_model_are_refused(change: dict[str, Any]) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    copies = {name: value for name, value in {**trained_tensors(model), **change}.items() if value is not None}
    with pytest.raises(ModelCorruptError, match="1 tensors do not fit the model"):
        restore_trained(model, copies)
