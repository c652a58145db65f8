"""A scripted network that always says Happiness, converted from the authors' layout, through the whole test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer import cli  # noqa: E402
from realtime_fer.errors import DatasetError, SettingsError  # noqa: E402
from realtime_fer.evaluation.expllm import run as module  # noqa: E402
from realtime_fer.evaluation.expllm.run import evaluate_expllm  # noqa: E402
from tests.reasoning.expllm.scripted import converted_scripted  # noqa: E402

pytestmark = pytest.mark.torch

TRUTH = ["Happiness", "Fear", "Happiness"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted_scripted(tmp_path_factory.mktemp("expllm"))


@pytest.fixture
def records(tmp_path: Path) -> Path:
    for number in range(len(TRUTH)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((20, 16, 3), 40 * number, np.uint8))
    listed = [{"file_name": f"{number}.png", "emo": label} for number, label in enumerate(TRUTH)]
    (tmp_path / "test.json").write_text(json.dumps(listed))
    return tmp_path / "test.json"


def run(checkpoint: Path, records: Path, **settings: Any) -> Any:
    defaults: dict[str, Any] = {"protocol": "raf-db-7", "device": "cpu", "dtype": "float32", "batch": 2}
    out = records.parent / "out"
    return evaluate_expllm(model=checkpoint, data=records, images=records.parent, out=out, **{**defaults, **settings})


def test_labels_are_asked_for_and_counted(checkpoint: Path, records: Path) -> None:
    told: list[tuple[int, int]] = []
    report = run(checkpoint, records, progress=lambda done, total: told.append((done, total)))
    assert (report.n, report.accuracy, report.not_a_label) == (3, pytest.approx(2 / 3), 0)
    assert told == [(0, 3), (2, 3), (3, 3)]
    out = records.parent / "out"
    assert json.loads((out / "report.json").read_text())["war"] == pytest.approx(0.6667)
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_broken_off_test_goes_on(checkpoint: Path, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        run(checkpoint, records, progress=stop)
    asked: list[int] = []
    labels = module._labels

    def noted(*given: Any) -> list[str]:
        asked.append(len(given[2]))
        return labels(*given)

    monkeypatch.setattr(module, "_labels", noted)
    assert run(checkpoint, records).n == 3
    assert asked == [1]
    monkeypatch.setattr(module, "load_converted", None)
    assert run(checkpoint, records).n == 3, "nothing left to ask: not even loaded"
    with pytest.raises(DatasetError, match="answers of another test"):
        run(checkpoint, records, dtype="bfloat16")


def test_unusable_input_is_named(checkpoint: Path, records: Path) -> None:
    with pytest.raises(SettingsError, match="protocol: expected one of raf-db-7"):
        run(checkpoint, records, protocol="other")
    (records.parent / "1.png").unlink()
    with pytest.raises(DatasetError, match=r"1 of 3 pictures are not in .*, the first is 1\.png"):
        run(checkpoint, records)
    (records.parent / "1.png").write_bytes(b"none")
    with pytest.raises(DatasetError, match=r"1\.png: expected a picture"):
        run(checkpoint, records)


def test_by_command(checkpoint: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--model", checkpoint, "--data", records, "--images", records.parent, "--out", records.parent / "out"]
    how = ["--protocol", "raf-db-7", "--device", "cpu", "--dtype", "float32", "--json"]
    assert cli.run(cli.cli, ["evaluate", "expllm", *map(str, where), *how], "realtime-fer") == 0
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (values["n"], values["war"], values["per_class"]["Fear"]) == (3, 0.6667, 0.0)
