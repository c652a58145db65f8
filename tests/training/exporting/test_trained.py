from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.training.exporting.trained import LONGEST_REASON, load_average  # noqa: E402

pytestmark = pytest.mark.torch


def network(saved: Mapping[str, Any]) -> Any:
    return torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(saved["layers"])))


def test_the_average_and_all_else(tmp_path: Path) -> None:
    wanted = network({"layers": 1}).state_dict()
    torch.save({"layers": 1, "average": wanted, "model": {}}, tmp_path / "last.pt")
    model, saved = load_average(tmp_path / "last.pt", "a training", network)
    assert not model.training
    assert torch.equal(model[0].weight, wanted["0.weight"])
    assert saved["layers"] == 1


def test_what_is_no_such_checkpoint_is_said_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    with pytest.raises(ModelNotFoundError, match=r"last\.pt: expected a checkpoint of a training, found none"):
        load_average(path, "a training", network)
    path.write_text("nothing")
    with pytest.raises(ModelCorruptError, match="not a checkpoint of a training"):
        load_average(path, "a training", network)
    torch.save({"layers": 90, "average": {}}, path)
    with pytest.raises(ModelCorruptError, match="Missing key") as found:
        load_average(path, "a training", network)
    assert len(str(found.value)) < len(str(path)) + LONGEST_REASON + 80
    assert "\n" not in str(found.value)
