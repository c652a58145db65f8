from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("matplotlib")

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.training.chain_of_affect_tiny import card as module
from realtime_fer.training.chain_of_affect_tiny.card import write_tiny_card
from realtime_fer.training.chain_of_affect_tiny.export import export_chain_of_affect_tiny
from tests.chain_tiny import train_tiny

pytestmark = pytest.mark.torch


def test_every_figure_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "milliseconds_per_chain", lambda *_: (4.25, 6.5))
    checkpoint = train_tiny(tmp_path, tmp_path / "run")
    folder = export_chain_of_affect_tiny(checkpoint, tmp_path / "model").parent
    (tmp_path / "notes.md").write_text("- said at the end")
    report = write_tiny_card(
        folder,
        data=tmp_path / "faces.npz",
        run=tmp_path / "run",
        training_command="`as typed`",
        cpu="a test",
        draws=20,
        notes=tmp_path / "notes.md",
    )
    card = (folder / "CARD.md").read_text()
    low, high = report.primary.intervals["war"]
    assert f"| accuracy (WAR) | {report.primary.war:.4f} | {low:.4f} - {high:.4f} |" in card
    low, high = report.intervals["gain"]
    assert f"| accuracy, what the model has more | {report.secondary['gain']:.4f} | {low:.4f} - {high:.4f} |" in card
    assert f"| both answers right | {report.chain['both_right']:.4f}" in card
    assert "| 2 | words | 4.2 | 6.5 |" in card
    assert "`as typed`" in card
    assert card.endswith("- said at the end")
    assert "{" not in card
    assert "the crowd's for 50.0% of them" in card
    assert {"confusion.png", "curves.png"} < {path.name for path in folder.iterdir()}
    with pytest.raises(ModelNotFoundError):
        write_tiny_card(folder, data=tmp_path / "faces.npz", run=tmp_path / "nowhere", training_command="")
