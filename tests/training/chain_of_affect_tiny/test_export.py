from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

from transformers import PreTrainedTokenizerFast  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.chat import face_question  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import OnnxNetworks  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.tiny_torch import TorchNetworks, load_network  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny import export as module  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.export import (  # noqa: E402
    FACE_FILE,
    LANGUAGE_FILE,
    compare,
    export_chain_of_affect_tiny,
    fitted_temperatures,
    load_trained,
    round_to_half,
    stored_tensors,
)
from realtime_fer.zoo.manifest import ChainManifest  # noqa: E402
from realtime_fer.zoo.shelf import find_model, verify_model  # noqa: E402
from tests.chain_tiny import train_tiny  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    return train_tiny(folder, folder / "run", layers=2)


@pytest.fixture(scope="module")
def folder(trained: Path) -> Path:
    return export_chain_of_affect_tiny(trained, trained.parent / "model", version="7").parent


def faces(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 1, 48, 48)).astype(np.float32)


def test_the_folder_is_whole_and_says_what_it_is(folder: Path) -> None:
    model = find_model(str(folder))
    verify_model(model)
    manifest = model.manifest
    assert isinstance(manifest, ChainManifest)
    assert (manifest.name, manifest.version, manifest.none) == ("chain-of-affect-tiny", "7", "none")
    assert manifest.labels[-2:] == ("Contempt", "Neutral")
    listed = {manifest.file, *(further.file for further in manifest.further_files), "manifest.json"}
    assert listed == {path.name for path in folder.iterdir()}
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in folder.iterdir())
    with (folder / LANGUAGE_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelCorruptError, match=LANGUAGE_FILE):
        verify_model(model)
    os.truncate(folder / LANGUAGE_FILE, manifest.language.size_bytes)


@pytest.mark.parametrize("count", [1, 3])
def test_both_forms_say_the_same(folder: Path, count: int) -> None:
    one, other = TorchNetworks(load_network(folder)), OnnxNetworks(folder / FACE_FILE, folder / LANGUAGE_FILE)
    vectors = one.look(faces(count))
    assert vectors.shape == (count, 10, 32)
    np.testing.assert_allclose(other.look(faces(count)), vectors, atol=0.02)
    tokenizer = BytePairTokenizer.from_file(folder / "tokenizer.json")
    for text in ("Which emotion?", "A longer question, with words that nobody trained: why? " * 2):
        asked = face_question(tokenizer, text)
        before, after = (np.tile(np.array(ids, np.int64), (count, 1)) for ids in asked)
        expected = one.next_word(before, vectors, after)
        # The same vectors and the same rounded weights: only the order of the sums differs.
        np.testing.assert_allclose(other.next_word(before, vectors, after), expected, atol=2e-4)


def test_the_rounded_weights_are_those_of_the_average(trained: Path, folder: Path) -> None:
    trained_model, _ = load_trained(trained)
    stored = load_network(folder).state_dict()
    for name, value in trained_model.state_dict().items():
        assert torch.allclose(stored[name], value, rtol=1e-3, atol=1e-6), name
        assert stored[name].dtype == value.dtype


def test_after_rounding_nothing_is_lost_in_the_file(trained: Path) -> None:
    model, _ = load_trained(trained)
    round_to_half(model)
    stored = stored_tensors(model)
    assert {str(value.dtype) for value in stored.values()} == {"torch.float16", "torch.float32", "torch.int64"}
    for name, value in model.state_dict().items():
        assert torch.equal(stored[name].to(value.dtype), value), name


def test_transformers_loads_it_by_its_own_way(folder: Path) -> None:
    loaded, told = ChainOfAffectTiny.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    for name, value in load_network(folder).state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    assert tokenizer("Sadness")["input_ids"] == BytePairTokenizer.from_file(folder / "tokenizer.json").encode("Sadness")


def test_temperatures_sharpen_what_is_too_doubtful() -> None:
    labels = torch.tensor([0, 1] * 50)
    logits = torch.nn.functional.one_hot(labels, 9).float()
    logits[:5] = logits[:5].flip(1)
    held_out = {"first_logits": logits, "first_labels": labels, "second_logits": 10 * logits, "second_labels": labels}
    first, second = fitted_temperatures(held_out)
    assert first < 0.5
    assert second == pytest.approx(10 * first, rel=1e-2)
    held_out["second_labels"] = torch.where(torch.arange(100) < 5, -1, labels)
    assert fitted_temperatures(held_out)[1] < second / 2


def test_forms_that_differ_are_not_exported(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOGIT_TOLERANCE", 0.0)
    with pytest.raises(ModelError, match="differs from torch"):
        export_chain_of_affect_tiny(trained, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_not_a_number_is_no_agreement(folder: Path) -> None:
    class Broken(OnnxNetworks):
        def look(self, faces: np.ndarray) -> np.ndarray:
            return np.full_like(super().look(faces), np.nan)

    one = OnnxNetworks(folder / FACE_FILE, folder / LANGUAGE_FILE)
    tokenizer = BytePairTokenizer.from_file(folder / "tokenizer.json")
    assert compare(one, one, tokenizer) == 0.0
    with pytest.raises(ModelError, match="nan"):
        compare(one, Broken(folder / FACE_FILE, folder / LANGUAGE_FILE), tokenizer)


def test_checkpoints_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"x\.pt"):
        load_trained(tmp_path / "x.pt")
    torch.save({"config": {}, "average": {}}, tmp_path / "x.pt")
    with pytest.raises(ModelCorruptError, match=r"x\.pt"):
        load_trained(tmp_path / "x.pt")
