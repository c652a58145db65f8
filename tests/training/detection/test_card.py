from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import DatasetError, ModelNotFoundError, ModelShapeError
from realtime_fer.evaluation.detection.robustness import DETECTION_ROBUSTNESS_TABLE
from realtime_fer.training.detection import card as detector_card
from realtime_fer.training.detection.card import write_detector_card
from realtime_fer.training.exporting.model_folder import add_int8
from tests.evaluation.detector_folders import MIDDLE, save_detector, save_pictures
from tests.zoo.test_manifest import EXPRESSION, write

COMMAND = "realtime-fer train detector --epochs 3\nrealtime-fer export detector"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four labelled pictures, three without a face; a table of three spoilings; no timed runs."""
    some = {name: DETECTION_ROBUSTNESS_TABLE[name] for name in ("as they are", "very dark (gain 0.15, grain 4)", "half size")}
    monkeypatch.setattr(detector_card, "DETECTION_ROBUSTNESS_TABLE", some)

    def speeds(models: dict[str, Path]) -> dict[tuple[int, int], dict[str, float]]:
        assert all(path.is_file() for path in models.values())
        return {(192, 320): {name: 4.0 if name == "tiny fp32" else 8.0 for name in models}}

    monkeypatch.setattr(detector_card, "detector_milliseconds", speeds)
    root = tmp_path / "data"
    pictures = {"os_1": (255, MIDDLE), "os_2": (200, MIDDLE), "mk_1": (40, MIDDLE), "mk_2": (150, "")}
    save_pictures(root / "val", pictures, size=(192, 192))
    save_pictures(tmp_path / "empty", {"os_7": (250, ""), "bs_1": (100, ""), "bs_2": (10, "")})
    (tmp_path / "empty" / "images").rename(root / "negatives")
    return root


def test_every_figure_is_measured_and_in_its_place(tmp_path: Path, data: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    (folder / "NOTES.md").write_text("## Known failures\n\nEverything green.\n")
    said: list[str] = []
    path = write_detector_card(folder, data, training_command=COMMAND, cpu="one core", draws=20, progress=said.append)
    card = path.read_text()
    assert path == folder / "CARD.md"
    assert card.startswith("# tiny 1.0\n\nSees red.\n")
    assert "{" not in card.replace("`{", "")
    assert "4 pictures of `val`, 3 faces" in card
    assert "20 draws" in card
    # Two of three faces at 0.5, and the picture without a face gets one at 0.59.
    (row,) = re.findall(r"^\| all \| 4 \| 3 \| .*$", card.partition("At each picture's own size")[0], re.M)
    assert re.search(r"\| 0\.667 \(\d\.\d{3} - \d\.\d{3}\) \| 0\.667 \(", row)
    assert "| `mk` | 2 | 1 | 0.500" in card
    assert card.count("| `os` | 2 | 2 | 1.000 (1.000 - 1.000) |") == 2
    assert "| 80-160 px | 3 | 0.667 | 0.667 |" in card
    assert "| 40-300 px | 3 | 0.667 | 0.667 |" in card
    assert "| 12-16 px | 0 | - | - |" in card
    assert "| as they are | 3 | 0.916 | 0.667 | 0.916 | 0.667 |" in card
    assert "| very dark (gain 0.15, grain 4) | 3 | 0.916 | 0.000 | 0.916 | 0.000 |" in card
    assert "| pictures | n | input | from 0.3 | from 0.45 | from 0.5 | from 0.6 | from 0.8 |" in card
    assert "| `negatives` | 3 | 64 px | 66.7% (" in card
    assert "| `negatives`, `bs` | 2 | own size | 50.0% | 0.0% | 0.0% | 0.0% | 0.0% |" in card
    assert "| crops of `val` | " in card
    assert "| file | 192x320 |\n|---|---|\n| tiny fp32 | 4.00 ms (0.50x) |\n" in card
    assert "\n| yolov8n-face fp32 | 8.00 ms (1.00x) |\n" in card
    assert "--long-side 64 --failures FOLDER" in card
    assert f"```\n{COMMAND}\n```" in card
    assert card.endswith("## Known failures\n\nEverything green.\n")
    assert said == [
        "tiny: labelled pictures",
        "tiny: pictures without a face",
        "tiny: spoiled pictures",
        "tiny: speed",
    ]


def test_the_notes_may_hold_the_training_command(tmp_path: Path, data: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    (tmp_path / "other.md").write_text(f"```\n{COMMAND}\n```\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "curves.png").write_bytes(b"\x89PNG")
    card = write_detector_card(folder, data, notes=tmp_path / "other.md", run=tmp_path / "run", draws=2).read_text()
    assert card.count(COMMAND) == 1
    assert "![Training curves](curves.png)" in card
    assert (folder / "curves.png").read_bytes() == b"\x89PNG"


def test_both_input_sizes_have_their_own_figures(tmp_path: Path, data: Path) -> None:
    # At 64 px a picture of 200 x 120 is padded, and the box is higher than the face; at its own 320 px it is not.
    save_pictures(tmp_path / "wide" / "val", {"os_1": (255, MIDDLE)}, size=(120, 200))
    card = write_detector_card(
        save_detector(tmp_path / "tiny"), tmp_path / "wide", training_command=COMMAND, draws=2
    ).read_text()
    live, own = re.findall(r"^\| all \| 1 \| 1 \| 1\.000 \([^|]*\) \| (\d\.\d{3}) \|", card, re.M)
    assert (live, own) == ("0.200", "1.000")
    assert card.index("At 64 px for the long side") < card.index("| all |") < card.index("At each picture's own size")


def test_without_negatives_the_crops_remain(tmp_path: Path, data: Path) -> None:
    (data / "negatives").rename(tmp_path / "elsewhere")
    card = write_detector_card(save_detector(tmp_path / "tiny"), data, training_command=COMMAND, draws=2).read_text()
    assert "| `negatives`" not in card
    assert "| crops of `val` | " in card


def test_a_card_says_how_its_weights_were_made(tmp_path: Path, data: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    (folder / "NOTES.md").write_text("Made somehow.\n")
    with pytest.raises(DatasetError, match=r"expected the training command, in NOTES\.md or given by"):
        write_detector_card(folder, data)
    assert not (folder / "CARD.md").exists()


def test_what_is_not_there_is_named_before_anything_is_measured(tmp_path: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    with pytest.raises(DatasetError, match=r"none\.md: expected notes"):
        write_detector_card(folder, tmp_path, notes=tmp_path / "none.md")
    with pytest.raises(ModelNotFoundError, match=r"curves\.png: expected the curves"):
        write_detector_card(folder, tmp_path, training_command=COMMAND, run=tmp_path)
    (tmp_path / "m").mkdir()
    with pytest.raises(ModelShapeError, match="expected a face detector, found a model for expression"):
        write_detector_card(write(tmp_path / "m", EXPRESSION), tmp_path, training_command=COMMAND)


def test_parameters_are_counted(tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    graph = onnx.helper.make_graph([], "g", [], [], [numpy_helper.from_array(np.zeros((3, 4), np.float32), "w")])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "m.onnx"))
    assert detector_card._parameters(tmp_path / "m.onnx") == 12


def test_the_int8_file_has_its_own_figures(tmp_path: Path, data: Path) -> None:
    folder = save_detector(tmp_path / "tiny")
    add_int8(folder, lambda path: _copied(folder / "tiny.onnx", path), "three pictures")
    card = write_detector_card(folder, data, training_command=COMMAND, draws=20).read_text()
    assert "recall, 64 px | recall, own size | recall, 64 px, int8 |" in card
    assert "| 80-160 px | 3 | 0.667 | 0.667 | 0.667 |" in card
    assert "| tiny int8 | 8.00 ms (1.00x) |" in card


def _copied(source: Path, to: Path) -> None:
    to.write_bytes(source.read_bytes())
