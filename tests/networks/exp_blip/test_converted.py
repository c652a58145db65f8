from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from safetensors.torch import save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.exp_blip.converted import INDEX_FILE, load_converted, stored_tensors  # noqa: E402
from tests.networks.exp_blip.test_checkpoint import saved, stage_two  # noqa: E402
from tests.networks.exp_blip.test_convert import run  # noqa: E402

pytestmark = pytest.mark.torch


def test_damaged_folders(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(saved(tmp_path, stage_two()), folder)
    first, second, *_ = sorted(folder.glob("*.safetensors"))
    index = (folder / INDEX_FILE).read_text(encoding="utf-8")
    whole = first.read_bytes()
    first.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelCorruptError, match="is not what was written"):
        load_converted(folder, verify=True)
    first.write_bytes(second.read_bytes())
    with pytest.raises(ModelCorruptError, match="out of place"):
        load_converted(folder)
    first.write_bytes(whole[:100])
    with pytest.raises(ModelCorruptError, match="no safetensors file"):
        load_converted(folder)
    (folder / INDEX_FILE).write_text(index.replace(first.name, f"../{first.name}"), encoding="utf-8")
    with pytest.raises(ModelCorruptError, match="no plain file name"):
        load_converted(folder)
    (folder / INDEX_FILE).write_text(index.replace("blip.query_tokens", "blip.other"), encoding="utf-8")
    with pytest.raises(ModelCorruptError, match="names other tensors"):
        load_converted(folder)
    (folder / INDEX_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(ModelCorruptError, match="cannot be read"):
        load_converted(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="finish the conversion"):
        load_converted(tmp_path)


def test_tensors_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.arange(3.0)}, str(path))
    ((name, value),) = stored_tensors(path, "cpu")
    assert (name, value.tolist()) == ("a", [0, 1, 2])
