from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("matplotlib")

from realtime_fer.errors import ModelNotFoundError  # noqa: E402
from realtime_fer.evaluation.ferplus_protocol import majority_report  # noqa: E402
from realtime_fer.evaluation.robustness import ROBUSTNESS_TABLE  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import card as expression_card  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus import files_table as expression_files_table  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.export import export_expression  # noqa: E402
from realtime_fer.training.emotion_gcn_ferplus.run import train_expression  # noqa: E402
from realtime_fer.training.exporting.model_folder import add_int8  # noqa: E402

pytestmark = pytest.mark.torch


def test_train_export_and_describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (48, 48, 48), dtype=np.uint8)
    votes = np.zeros((48, 10), np.uint8)
    votes[np.arange(48), np.arange(48) % 8] = 9
    np.savez(tmp_path / "faces.npz", images=images, votes=votes)
    checkpoint = train_expression(data=tmp_path / "faces.npz", out=tmp_path / "run", epochs=1, batch=16, threads=1)
    export_expression(checkpoint, tmp_path / "model")
    some = dict(list(ROBUSTNESS_TABLE.items())[:2])
    monkeypatch.setattr(expression_card, "ROBUSTNESS_TABLE", some)
    # A thousand timed runs take long on a busy machine.
    monkeypatch.setattr(expression_files_table, "milliseconds_per_face", lambda model, *, size_px: (0.4, 0.6))
    exact = (tmp_path / "model" / "emotion-gcn-ferplus.onnx").read_bytes()

    def copied(to: Path) -> None:
        to.write_bytes(exact)

    add_int8(tmp_path / "model", copied, "48 faces")
    (tmp_path / "notes.md").write_text("## What was tried\nNothing yet.\n")
    told: list[str] = []
    report = expression_card.write_card(
        tmp_path / "model",
        data=tmp_path / "faces.npz",
        run=tmp_path / "run",
        training_command="`realtime-fer train --epochs 1`",
        draws=5,
        notes=tmp_path / "notes.md",
        progress=told.append,
    )
    assert told == ["measuring the faces as they are", *(f"measuring the faces with {name}" for name in some)]
    card = (tmp_path / "model" / "CARD.md").read_text()
    assert f"| accuracy (WAR) | {report.war:.4f} |" in card
    assert "n = 48" in card
    for file in ("`emotion-gcn-ferplus.onnx` (fp32)", "`emotion-gcn-ferplus-int8.onnx` (int8)"):
        (row,) = [line for line in card.splitlines() if line.startswith(f"| {file} |")]
        assert f"| {report.war:.4f} |" in row
        assert row.endswith("| 0.40 ms | 0.60 ms |")
    assert "int8 was calibrated on 48 faces." in card
    assert "`realtime-fer train --epochs 1`" in card
    assert all(f"| {name} |" in card for name in some)
    assert card.rstrip().endswith("Nothing yet.")
    for picture in ("confusion.png", "curves.png"):
        assert (tmp_path / "model" / picture).read_bytes().startswith(b"\x89PNG")


def test_the_confusion_is_drawn(tmp_path: Path) -> None:
    expression_card.put_pictures(majority_report(np.eye(8), np.arange(8)), tmp_path, tmp_path)
    assert (tmp_path / "confusion.png").stat().st_size > 5000


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"manifest\.json"):
        expression_card.write_card(tmp_path, data=tmp_path, run=tmp_path, training_command="")
