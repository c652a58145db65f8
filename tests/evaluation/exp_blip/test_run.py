"""A scripted network that always writes the same caption, converted from the authors' layout, through the whole test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")
pytest.importorskip("pycocoevalcap", reason="needs the captions extra")

from realtime_fer import cli  # noqa: E402
from realtime_fer.errors import DatasetError, ModelNotFoundError  # noqa: E402
from realtime_fer.evaluation.exp_blip import run as module  # noqa: E402
from realtime_fer.evaluation.exp_blip.cases import CaptionCase  # noqa: E402
from realtime_fer.evaluation.exp_blip.run import caption_figures, evaluate_exp_blip  # noqa: E402
from tests.reasoning.exp_blip.scripted import PIECES, converted_scripted  # noqa: E402

pytestmark = pytest.mark.torch

CAPTION = "".join(PIECES)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted_scripted(tmp_path_factory.mktemp("exp_blip"))


@pytest.fixture(autouse=True)
def without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((20, 16, 3), 40 * number, np.uint8))
    listed = [
        {"image": "0.png", "caption": CAPTION, "action_units": ["AU4", "AU12"], "emotion": "happiness"},
        {"image": "1.png", "caption": "The eyes are closed.", "action_units": ["AU43"], "emotion": "fear"},
        {"image": "2.png", "emotion": "happiness"},
    ]
    (tmp_path / "test.json").write_text(json.dumps(listed))
    return tmp_path / "test.json"


def run(checkpoint: Path, records: Path, **settings: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"device": "cpu", "dtype": "float32", "batch": 2, "beams": 1, "max_new_tokens": 20}
    out = records.parent / "out"
    return evaluate_exp_blip(model=checkpoint, data=records, images=records.parent, out=out, **{**defaults, **settings})


def test_captions_are_written_and_scored(checkpoint: Path, records: Path) -> None:
    report = run(checkpoint, records)
    lines = [json.loads(line) for line in (records.parent / "out" / "captions.jsonl").read_text().splitlines()[1:]]
    assert [line["caption"] for line in lines] == [CAPTION] * 3
    assert (report["n"], report["captions_with_references"]) == (3, 2)
    assert 0.4 < report["rouge_l"] < 0.7, "one perfect, one with two words in common"
    assert report["emotion"] == {"n": 3, "accuracy": pytest.approx(2 / 3), "unnamed": 0, "uar": 0.5}
    assert report["action_units"]["per_unit"]["AU12"] == {
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "support": 1,
    }
    assert report["action_units"]["f1_mean"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert set(report["left_out"]) == {"meteor", "clip_score"}
    assert json.loads((records.parent / "out" / "report.json").read_text()) == report


def test_a_broken_off_test_goes_on(checkpoint: Path, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(checkpoint, records)
    path = records.parent / "out" / "captions.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    told: list[tuple[int, int]] = []
    run(checkpoint, records, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (3, 3)]
    monkeypatch.setattr(module, "build", None)
    assert run(checkpoint, records)["n"] == 3, "nothing left to write: not even loaded"
    with pytest.raises(DatasetError, match=r"answers of another test .*beams"):
        run(checkpoint, records, beams=2)


def test_what_records_do_not_tell_is_left_out() -> None:
    figures = caption_figures(["a smile"], [CaptionCase("a", (), frozenset(), None)])
    assert figures["bleu"] is figures["emotion"] is figures["action_units"] is None
    assert set(figures["left_out"]) == {"bleu, rouge_l, cider, meteor", "action_units", "emotion"}


def test_missing_pictures_are_named(checkpoint: Path, records: Path) -> None:
    (records.parent / "1.png").unlink()
    with pytest.raises(DatasetError, match=r"1 of 3 pictures are not in .*, the first is 1\.png"):
        run(checkpoint, records)


def test_a_clip_model_that_is_not_there_is_said_before_hours_of_captions(checkpoint: Path, records: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="expected the folder of a CLIP model"):
        run(checkpoint, records, clip=records.parent / "nowhere")
    assert not list(records.parent.rglob("captions.jsonl"))


def test_by_command(checkpoint: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--model", checkpoint, "--data", records, "--images", records.parent, "--out", records.parent / "out"]
    how = ["--device", "cpu", "--dtype", "float32", "--beams", "1", "--max-new-tokens", "20", "--limit", "2"]
    assert cli.run(cli.cli, ["evaluate", "exp-blip", *map(str, where), *how], "realtime-fer") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  2 captions, ") for line in lines)
    assert any(line.startswith("  BLEU-1 to 4  ") for line in lines)
    assert any(line.startswith("  action units, ") and "mean F1 " in line for line in lines)
    assert any(line.startswith("    AU12  precision ") for line in lines)
    assert any(line.startswith("  emotion, ") and "captions name none" in line for line in lines)
    assert any(line.startswith("  meteor: METEOR is left out") for line in lines)
