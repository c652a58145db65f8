from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision import checkpoint as module  # noqa: E402
from realtime_fer.networks.phi3_vision.checkpoint import (  # noqa: E402
    EMBEDDING_ALIAS,
    load_phi3_vision,
    save_checkpoint,
)
from realtime_fer.networks.phi3_vision.lora import LoraAdapter, LowRank  # noqa: E402
from realtime_fer.networks.safetensors_shards import INDEX_FILE  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, config_values, tiled, tiny_config, tiny_model  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

MODULE = "model.layers.0.mlp.down_proj"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint in several files."""
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(tiny_model(), folder, max_shard_bytes=60_000)
    (folder / "config.json").write_text(json.dumps(config_values(tiny_config())))
    return folder


def copied(saved: Path, folder: Path, **changes: Tensor | None) -> Path:
    """The same in one file, with tensors replaced, added, or (None) left out; dots in names are written __."""
    tensors = {}
    for path in sorted(saved.glob("*.safetensors")):
        tensors.update(safetensors_torch.load_file(str(path)))
    for name, value in changes.items():
        tensors.pop(name.replace("__", "."), None)
        if value is not None:
            tensors[name.replace("__", ".")] = value
    safetensors_torch.save_file(tensors, str(folder / "model.safetensors"))
    (folder / "config.json").write_text((saved / "config.json").read_text())
    return folder


def test_a_saved_model_comes_back_equal(saved: Path) -> None:
    assert len(list(saved.glob("*.safetensors"))) > 2
    index = json.loads((saved / INDEX_FILE).read_text())
    model, loaded = tiny_model(), load_phi3_vision(saved, dtype=torch.float32, tower=TOWER)
    assert index["metadata"]["total_size"] == 4 * sum(value.numel() for value in model.parameters())
    assert set(index["weight_map"]) == set(model.state_dict())
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert not any(value.is_meta for value in [*loaded.parameters(), *loaded.buffers()])
    assert not loaded.training
    ids = torch.tensor([[1, *[-1] * 313, 9]])
    with torch.no_grad():
        assert torch.allclose(loaded(ids, *tiled()[:2]), model(ids, *tiled()[:2]), atol=1e-5)


def test_the_wanted_type(saved: Path) -> None:
    loaded = load_phi3_vision(saved, tower=TOWER)
    assert {value.dtype for value in loaded.parameters()} == {torch.bfloat16}
    with torch.no_grad():
        logits = loaded(torch.tensor([[1, 9, 8]]))
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_an_adapter_is_merged_in_float32_and_cast_once(saved: Path) -> None:
    torch.manual_seed(1)
    adapter = LoraAdapter({MODULE: LowRank(torch.randn(4, 48), torch.randn(32, 4), False)}, rank=4, alpha=2)
    loaded = load_phi3_vision(saved, dtype=torch.bfloat16, adapter=adapter, tower=TOWER)
    update = adapter.modules[MODULE]
    expected = tiny_model().get_parameter(f"{MODULE}.weight") + 0.5 * update.up @ update.down
    assert torch.equal(loaded.get_parameter(f"{MODULE}.weight"), expected.to(torch.bfloat16))


def test_an_adapter_for_another_model_is_refused_before_reading(saved: Path) -> None:
    adapter = LoraAdapter({"model.layers.9.mlp.down_proj": LowRank(torch.zeros(4, 48), torch.zeros(32, 4), False)}, 4, 2)
    with pytest.raises(ModelShapeError, match=r"layers\.9\.mlp\.down_proj is missing"):
        load_phi3_vision(saved, adapter=adapter, tower=TOWER)


def test_missing_and_left_over_tensors_are_named(saved: Path, tmp_path: Path) -> None:
    copied(saved, tmp_path, model__norm__weight=None, model__layers__7__x=torch.zeros(1))
    with pytest.raises(
        ModelCorruptError, match=r"1 tensors missing \(model\.norm\.weight\) and 1 tensors left over \(model\.layers\.7\.x\)"
    ):
        load_phi3_vision(tmp_path, tower=TOWER)


def test_left_over_tensors_alone_are_enough(saved: Path, tmp_path: Path) -> None:
    copied(saved, tmp_path, model__layers__7__x=torch.zeros(1))
    with pytest.raises(ModelCorruptError, match=r": 1 tensors left over \(model\.layers\.7\.x\), of"):
        load_phi3_vision(tmp_path, tower=TOWER)


def test_a_wrong_shape_is_named(saved: Path, tmp_path: Path) -> None:
    copied(saved, tmp_path, lm_head__weight=torch.zeros(320, 31))
    with pytest.raises(ModelShapeError, match=r"lm_head\.weight is \(320, 31\), expected \(320, 32\)"):
        load_phi3_vision(tmp_path, tower=TOWER)


def test_the_second_name_of_the_embedding_is_passed_over(saved: Path, tmp_path: Path) -> None:
    copied(saved, tmp_path, **{EMBEDDING_ALIAS.replace(".", "__"): torch.zeros(320, 32)})
    load_phi3_vision(tmp_path, tower=TOWER)


def test_a_folder_without_sizes(saved: Path, tmp_path: Path) -> None:
    copied(saved, tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"config\.json"):
        load_phi3_vision(tmp_path, tower=TOWER)


def test_an_unmerged_adapter_is_not_saved_as_a_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="needs the vlm extra")
    model = tiny_model()
    LoraAdapter({MODULE: LowRank(torch.zeros(4, 48), torch.zeros(32, 4), False)}, 4, 2).attach_to(model)
    with pytest.raises(ShapeError, match="not merged"):
        save_checkpoint(model, tmp_path)


def test_while_a_checkpoint_is_written_anew_it_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tiny_model(), tmp_path, max_shard_bytes=60_000)
    monkeypatch.setattr(module, "write_tensors", lambda path, tensors: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tiny_model(), tmp_path, max_shard_bytes=60_000)
    assert not (tmp_path / INDEX_FILE).exists()
