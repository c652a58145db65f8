from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.training.exp_blip.trained import published_tensors, save_published  # noqa: E402
from realtime_fer.training.vlm.trained import trained_tensors  # noqa: E402
from tests.training.exp_blip.tiny_set import save_checkpoints  # noqa: E402

pytestmark = pytest.mark.torch


def test_what_is_written_is_what_was_read(tmp_path: Path) -> None:
    """All of the authors' names, and nothing besides."""
    start = save_checkpoints(tmp_path)
    model = start.load(torch.device("cpu"), torch.float32)
    save_published(tmp_path / "new" / "out.pth", published_tensors(model, trained_tensors(model)))
    first, again = (torch.load(path, weights_only=True) for path in (start.file, tmp_path / "new" / "out.pth"))
    assert again.keys() == {"model"}
    expected = {name: value for name, value in first["model"].items() if not name.endswith("position_ids")}
    assert again["model"].keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in again["model"].items())
