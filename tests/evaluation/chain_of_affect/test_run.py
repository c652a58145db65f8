"""A whole test on a tiny network, whose answers are mostly no labels: what counts is what is asked, kept and written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("sklearn", reason="needs the train extra")

from realtime_fer.datasets.chain_records import read_chain_records  # noqa: E402
from realtime_fer.datasets.picture_file import read_picture  # noqa: E402
from realtime_fer.errors import DatasetError, ModelNotFoundError, SettingsError  # noqa: E402
from realtime_fer.evaluation.chain_of_affect import run as chain_run  # noqa: E402
from realtime_fer.evaluation.chain_of_affect.protocol import PROTOCOLS  # noqa: E402
from realtime_fer.evaluation.chain_of_affect.run import evaluate_chain, open_chain_model  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.phi3_vision import Phi3VisionChainModel  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.variants import VARIANTS, ChainVariant  # noqa: E402
from tests.networks.phi3_vision.test_lora import random_adapter, write  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, face  # noqa: E402
from tests.training.chain_of_affect.tiny_set import save_set, save_tiny_checkpoint  # noqa: E402

pytestmark = pytest.mark.torch

SMALL = ChainVariant("small", "Which?", num_crops=1, extra_bos=0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    (folder / "model").mkdir()
    save_tiny_checkpoint(folder / "model")
    save_set(folder / "set")
    return folder


@pytest.fixture(autouse=True)
def small_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named "small": one tile, where it does not matter what is asked."""
    monkeypatch.setitem(VARIANTS, "small", SMALL)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def run(folders: Path, out: Path, protocol: str = "raf-db-compound", **options: Any) -> Any:
    data = folders / "set"
    settings: dict[str, Any] = {"adapter": None, "device": "cpu", "dtype": "float32", "tower": TOWER, **options}
    return evaluate_chain(
        model=folders / "model",
        data=data / "train.json",
        images=[data / "basic", data / "compound"],
        protocol=protocol,
        out=out,
        **settings,
    )


@pytest.mark.parametrize(("protocol", "pictures"), [("raf-db-basic", 4), ("raf-db-compound", 2)])
def test_a_whole_test(folders: Path, tmp_path: Path, protocol: str, pictures: int) -> None:
    seen: list[tuple[int, int]] = []
    report = run(folders, tmp_path, protocol, progress=lambda *done: seen.append(done))
    assert seen == [(done, pictures) for done in range(pictures + 1)]
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["test"] == json.loads(report.as_json())["test"]
    assert lines[0]["test"]["variant"] == PROTOCOLS[protocol].variant.name
    assert len(lines) == 1 + pictures == 1 + report.n
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == json.loads(report.as_json())
    assert cv2.imread(str(tmp_path / "confusion.png")) is not None


def test_a_test_goes_on_where_it_was_broken_off(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(folders, tmp_path / "whole", "raf-db-basic", variant="small")
    run(folders, tmp_path / "broken", "raf-db-basic", variant="small", limit=2)
    asked = []
    look = Phi3VisionChainModel.look

    def watched(self: Phi3VisionChainModel, face_rgb: Any) -> Any:
        asked.append(face_rgb)
        return look(self, face_rgb)

    monkeypatch.setattr(Phi3VisionChainModel, "look", watched)
    again = run(folders, tmp_path / "broken", "raf-db-basic", variant="small")
    assert len(asked) == 2
    assert again.as_json() == whole.as_json()
    # With nothing left to ask, the model is not even loaded.
    monkeypatch.setattr(chain_run, "open_chain_model", None)
    assert run(folders, tmp_path / "broken", "raf-db-basic", variant="small").as_json() == whole.as_json()


def test_another_adapter_is_another_test(folders: Path, tmp_path: Path) -> None:
    (tmp_path / "lora").mkdir()
    run(folders, tmp_path / "out", variant="small", limit=1)
    with pytest.raises(DatasetError, match="answers of another test"):
        run(folders, tmp_path / "out", adapter=write(tmp_path / "lora", random_adapter().tensors()), variant="small", limit=1)


def test_the_adapter_changes_what_is_heard(folders: Path, tmp_path: Path) -> None:
    adapter = write(tmp_path, random_adapter().tensors())
    logits = [
        open_chain_model(folders / "model", one, SMALL, dtype="float32", tower=TOWER).look(face()).read("Which?")
        for one in (None, adapter)
    ]
    assert not torch.allclose(*logits, atol=0.1)
    assert open_chain_model(folders / "model", None, SMALL, tower=TOWER).in_words


def test_answers_in_words_are_the_model_s_own(folders: Path, tmp_path: Path) -> None:
    """The file holds what the model says about that picture, not about another."""
    run(folders, tmp_path, "raf-db-basic", variant="small")
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()[1:]]
    truth = {record.image: record.answer for record in read_chain_records(folders / "set" / "train.json")}
    assert [row["truth"] for row in rows] == [truth[row["image"]] for row in rows]
    chain = open_chain_model(folders / "model", None, SMALL, dtype="float32", tower=TOWER)
    picture = chain.look(read_picture(folders / "set" / "basic" / rows[2]["image"]))
    assert picture.ask(SMALL.first_question, []).text == rows[2]["first"]


def test_names_that_are_not_known(folders: Path, tmp_path: Path) -> None:
    for options in ({"protocol": "raf-db"}, {"variant": "best"}, {"dtype": "int4"}):
        with pytest.raises(SettingsError, match="expected"):
            run(folders, tmp_path, **options)


def test_a_folder_without_a_model(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"config\.json: no such file; name a folder that holds the whole checkpoint"):
        evaluate_chain(
            model=tmp_path,
            adapter=None,
            data=folders / "set" / "train.json",
            images=[],
            protocol="raf-db-basic",
            out=tmp_path,
            device="cpu",
        )
