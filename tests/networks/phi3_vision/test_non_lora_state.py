from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.non_lora_state import read_non_lora_state, stripped_names  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_model  # noqa: E402

pytestmark = pytest.mark.torch

PREFIX = "base_model.model."


def test_names_lose_what_the_published_loader_drops() -> None:
    assert stripped_names(["base_model.model.model.norm.weight", "base_model.model.lm_head.weight"]) == {
        "base_model.model.model.norm.weight": "model.norm.weight",
        "base_model.model.lm_head.weight": "lm_head.weight",
    }
    assert stripped_names(["model.norm.weight"]) == {"model.norm.weight": "model.norm.weight"}
    assert stripped_names([]) == {}


def test_a_copy_of_the_base_changes_nothing(tmp_path: Path) -> None:
    model = tiny_model()
    state = {PREFIX + name: value for name, value in model.state_dict().items()}
    adapted = f"{PREFIX}model.layers.0.mlp.down_proj"
    state[f"{adapted}.base_layer.weight"] = state.pop(f"{adapted}.weight")
    torch.save(state, tmp_path / "non_lora_state_dict.bin")
    found = read_non_lora_state(tmp_path / "non_lora_state_dict.bin", model)
    assert found.changed == {}
    assert set(found.same) == set(model.state_dict()) - {"model.layers.0.mlp.down_proj.weight"}
    assert found.ignored == ("model.layers.0.mlp.down_proj.base_layer.weight",)


def test_an_exception_is_found_and_rounding_is_none(tmp_path: Path) -> None:
    model = tiny_model().to(torch.bfloat16)
    other = tiny_model().state_dict()["model.norm.weight"] + 1
    same = tiny_model().state_dict()["lm_head.weight"]
    torch.save({f"{PREFIX}model.norm.weight": other, f"{PREFIX}lm_head.weight": same}, tmp_path / "state.bin")
    found = read_non_lora_state(tmp_path / "state.bin", model)
    assert set(found.changed) == {"model.norm.weight"}
    assert torch.equal(found.changed["model.norm.weight"], other)
    assert found.same == ("lm_head.weight",)


def test_bad_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "state.bin"
    with pytest.raises(ModelNotFoundError, match=r"state\.bin"):
        read_non_lora_state(path, tiny_model())
    path.write_bytes(b"not a file of torch")
    with pytest.raises(ModelCorruptError, match="fetch the file again, or leave it out"):
        read_non_lora_state(path, tiny_model())
    torch.save([1, 2], path)
    with pytest.raises(ModelCorruptError, match="dictionary of tensors"):
        read_non_lora_state(path, tiny_model())
    torch.save({"model.norm.weight": torch.zeros(3)}, path)
    with pytest.raises(ModelShapeError, match=r"model\.norm\.weight is \(3,\), expected \(32,\)"):
        read_non_lora_state(path, tiny_model())
