from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from pathlib import Path  # noqa: E402

from safetensors.torch import save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.exp_blip.weight_files import mapped_state, opt_state  # noqa: E402

pytestmark = pytest.mark.torch

VALUE = torch.arange(3.0)


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("as_zip", [True, False])
def test_both_forms_of_both_formats(tmp_path: Path, wrapped: bool, as_zip: bool) -> None:
    path = tmp_path / "a.pth"
    torch.save({"model": {"a": VALUE}} if wrapped else {"a": VALUE}, path, _use_new_zipfile_serialization=as_zip)
    assert torch.equal(mapped_state(path)["a"], VALUE)


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with pytest.raises(ModelNotFoundError, match="found no file"):
        mapped_state(path)
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ModelCorruptError, match="fetch the file again"):
        mapped_state(path)
    torch.save({"model": {"a": 3}, "epoch": 1}, path)
    with pytest.raises(
        ModelCorruptError, match=r"expected weights, bare or under 'model' \(tensors by name\), found entries a"
    ):
        mapped_state(path)
    torch.save({"model": Path("code")}, path)
    with pytest.raises(ModelCorruptError, match="plain tensors"):
        mapped_state(path)


@pytest.mark.parametrize("name", ["model.decoder.a", "decoder.a"])
def test_opt_by_the_names_of_the_authors(tmp_path: Path, name: str) -> None:
    torch.save({name: VALUE}, tmp_path / "pytorch_model-00001-of-00002.bin")
    torch.save({"lm_head.weight": VALUE}, tmp_path / "pytorch_model-00002-of-00002.bin")
    assert set(opt_state(tmp_path)) == {"opt_model.model.decoder.a", "opt_model.lm_head.weight"}
    save_file({name: VALUE + 1}, str(tmp_path / "model.safetensors"))
    assert float(opt_state(tmp_path)["opt_model.model.decoder.a"][0]) == 1


def test_opt_that_is_not_there_broken_or_there_twice(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="found none"):
        opt_state(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(b"short")
    with pytest.raises(ModelCorruptError, match="no safetensors file"):
        opt_state(tmp_path)
    for file, name in (("a", "decoder.a"), ("b", "model.decoder.a")):
        save_file({name: VALUE}, str(tmp_path / f"{file}.safetensors"))
    with pytest.raises(ModelCorruptError, match="a second time"):
        opt_state(tmp_path)
