"""Networks as `realtime-fer export` leaves them, scored on small data sets: RGB, other sizes, valence and arousal, masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from click.testing import CliRunner, Result  # noqa: E402

from realtime_fer.cli import cli  # noqa: E402
from realtime_fer.datasets.choose import open_labelled  # noqa: E402
from realtime_fer.networks.fmpn.checkpoint import save_fmpn  # noqa: E402
from realtime_fer.networks.fmpn.export_form import FmpnForExport  # noqa: E402
from realtime_fer.training.emotion_gcn.losses import concordances  # noqa: E402
from realtime_fer.training.fmpn.export import export_fmpn  # noqa: E402
from realtime_fer.training.fmpn.transform import View, shown  # noqa: E402
from tests.datasets.miniatures import save_affectnet_arrays, save_ckplus  # noqa: E402
from tests.networks.emotion_gcn.tiny import save_checkpoint, shrink, trained_looking, word_embeddings  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX, tiny_fmpn  # noqa: E402

# torch warns about its own future while tracing.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["evaluate", *arguments])
    assert result.exception is None, result.exception
    return result


def last_line(*arguments: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(run(*arguments, "--json").output.splitlines()[-1])
    return fields


def test_emotion_gcn_on_affectnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure against torch's own outputs, on the published input: cut, Pillow's resize, normalisation."""
    from realtime_fer.networks.emotion_gcn import model
    from realtime_fer.networks.emotion_gcn.preprocessing import network_input
    from realtime_fer.training.emotion_gcn.export import export_emotion_gcn

    shrink(monkeypatch)
    monkeypatch.setitem(model.INPUT_PX, "densenet121", (64, 32))
    network = trained_looking("densenet121", "emotion-gcn")
    torch.save(word_embeddings(), tmp_path / "emb.pkl")
    checkpoint = save_checkpoint(tmp_path / "gcn.pth", network)
    export_emotion_gcn(checkpoint, tmp_path / "gcn", size_px=32)
    folder = save_affectnet_arrays(tmp_path / "affectnet", [0, 1, 2, 3, 4, 5, 6, 1, 3], "val_set")
    data = open_labelled("affectnet", folder, "test")
    with torch.inference_mode():
        expected = network(torch.from_numpy(np.stack([network_input(data.read(i), 32) for i in range(len(data))])))
    known = torch.tensor([[face.valence, face.arousal] for face in data.faces])
    chosen = ["--protocol", "labelled", "--dataset", "affectnet", "--resize", "pillow"]
    fields = last_line(str(tmp_path / "gcn"), "--data", str(folder), *chosen)
    assert fields["n"] == 9
    right = expected.logits.argmax(dim=1).numpy() == data.targets()
    assert fields["war"] == pytest.approx(right.mean(), abs=1e-4)
    published = concordances(expected.valence_arousal, known)
    assert fields["valence"]["ccc_mixed_moments"] == pytest.approx(float(published[0]), abs=1e-4)
    errors = ((expected.valence_arousal - known) ** 2).mean(dim=0).sqrt()
    assert (fields["valence"]["rmse"], fields["arousal"]["rmse"]) == pytest.approx(errors.tolist(), rel=1e-3)


def test_fmpn_on_ckplus(tmp_path: Path) -> None:
    """The published view of each picture, and a network with its mask."""
    pillow = pytest.importorskip("PIL.Image")
    save_fmpn(tiny_fmpn(), tmp_path / "weights", "200")
    model = export_fmpn(tmp_path / "weights", tmp_path / "fmpn", size_px=SIZE_PX)
    folder = save_ckplus(tmp_path / "ck", [(f"S{n:03d}", "001", 5, n % 7 + 1) for n in range(1, 11)])
    data = open_labelled("ckplus", folder, "test")
    faces = np.stack([shown(pillow.fromarray(data.read(i)), View(), SIZE_PX) for i in range(len(data))])
    with torch.no_grad():
        logits, _ = FmpnForExport(tiny_fmpn())(torch.from_numpy(faces) * 255)
    confusion = np.zeros((7, 7), int)
    np.add.at(confusion, (data.targets(), logits.argmax(dim=1).numpy()), 1)
    chosen = ["--data", str(folder), "--protocol", "labelled", "--dataset", "ckplus", "--resize", "pillow"]
    fields = last_line("fmpn", "--weights", str(model), *chosen)
    assert (fields["n"], fields["resize"]) == (30, "pillow")
    assert fields["margin"] == pytest.approx((299 / 320 - 1) / 2, abs=1e-6)
    assert fields["confusion"] == confusion.tolist()
    assert "valence" not in fields
