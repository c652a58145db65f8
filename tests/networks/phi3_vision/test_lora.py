from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import OLD_WEIGHTS_FILE, WEIGHTS_FILE, LoraAdapter, LowRank  # noqa: E402
from tests.networks.phi3_vision.tiny import tiled, tiny_model  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

LINEAR = "model.layers.1.self_attn.qkv_proj"
EMBEDDING = "model.vision_embed_tokens.img_processor.vision_model.embeddings.position_embedding"
IDS = [[1, *[-1] * 313, 9]]


def random_adapter() -> LoraAdapter:
    generator = torch.Generator().manual_seed(2)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    modules = {
        LINEAR: LowRank(random(4, 32), 0.3 * random(96, 4), False),
        EMBEDDING: LowRank(0.3 * random(4, 577), random(16, 4), True),
    }
    return LoraAdapter(modules, rank=4, alpha=2, dropout=0.05)


def write(folder: Path, tensors: dict[str, Tensor], **config: Any) -> Path:
    values = {"peft_type": "LORA", "r": 4, "lora_alpha": 2, "lora_dropout": 0.05, "bias": "none", "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps({**values, **config}))
    safetensors_torch.save_file(tensors, str(folder / WEIGHTS_FILE))
    return folder


def test_a_folder_is_read(tmp_path: Path) -> None:
    made = random_adapter()
    found = LoraAdapter.from_folder(write(tmp_path, made.tensors()))
    assert found.modules.keys() == made.modules.keys()
    assert found.modules[EMBEDDING].embedding
    assert torch.equal(found.modules[LINEAR].up, made.modules[LINEAR].up)
    assert (found.rank, found.alpha, found.dropout, found.scale) == (4, 2, 0.05, 0.5)


def test_the_names_are_the_published_ones() -> None:
    assert sorted(random_adapter().tensors()) == [
        f"base_model.model.{LINEAR}.lora_A.weight",
        f"base_model.model.{LINEAR}.lora_B.weight",
        f"base_model.model.{EMBEDDING}.lora_embedding_A",
        f"base_model.model.{EMBEDDING}.lora_embedding_B",
    ]


def test_the_older_file_form_is_read(tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors())
    (tmp_path / WEIGHTS_FILE).unlink()
    torch.save(random_adapter().tensors(), tmp_path / OLD_WEIGHTS_FILE)
    assert set(LoraAdapter.from_folder(tmp_path).modules) == {LINEAR, EMBEDDING}


def test_the_stabilised_scale(tmp_path: Path) -> None:
    found = LoraAdapter.from_folder(write(tmp_path, random_adapter().tensors(), use_rslora=True))
    assert found.scale == pytest.approx(2 / math.sqrt(4))


@torch.no_grad()
def test_merging_is_the_formula() -> None:
    model, before, adapter = tiny_model(), tiny_model(), random_adapter()
    adapter.merge_into(model)
    for name, value in before.state_dict().items():
        expected = value
        if name == f"{LINEAR}.weight":
            expected = value + 0.5 * adapter.modules[LINEAR].up @ adapter.modules[LINEAR].down
        elif name == f"{EMBEDDING}.weight":
            expected = value + 0.5 * (adapter.modules[EMBEDDING].up @ adapter.modules[EMBEDDING].down).T
        assert torch.allclose(model.state_dict()[name], expected, atol=1e-6), name


@torch.no_grad()
def test_attached_equals_merged_and_can_be_switched_off() -> None:
    pytest.importorskip("peft", reason="needs the vlm extra")
    base, merged, attached = tiny_model(), tiny_model(), tiny_model()
    random_adapter().merge_into(merged)
    wrapper = random_adapter().attach_to(attached)
    assert not any(value.requires_grad for name, value in attached.named_parameters() if "lora_" in name)
    inputs = (torch.tensor(IDS), *tiled()[:2])
    assert torch.allclose(attached(*inputs), merged(*inputs), atol=1e-4)
    assert not torch.allclose(attached(*inputs), base(*inputs), atol=1e-1)
    with wrapper.disable_adapter():
        assert torch.allclose(attached(*inputs), base(*inputs), atol=1e-5)


def test_only_the_adapter_learns_and_is_saved_under_the_published_names(tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="needs the vlm extra")
    wrapper = random_adapter().attach_to(tiny_model(), trainable=True)
    learning = {name for name, value in wrapper.named_parameters() if value.requires_grad}
    assert learning
    assert all("lora_" in name for name in learning)
    wrapper.save_pretrained(str(tmp_path))
    again = LoraAdapter.from_folder(tmp_path)
    for name, value in random_adapter().tensors().items():
        assert torch.equal(again.tensors()[name], value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"adapter_config\.json"):
        LoraAdapter.from_folder(tmp_path)
    write(tmp_path, random_adapter().tensors())
    (tmp_path / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelNotFoundError, match=r"neither adapter_model\.safetensors nor adapter_model\.bin"):
        LoraAdapter.from_folder(tmp_path)


def test_broken_files_are_named(tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors())
    (tmp_path / WEIGHTS_FILE).write_bytes((tmp_path / WEIGHTS_FILE).read_bytes()[:-4])
    with pytest.raises(ModelCorruptError, match=r"adapter_model\.safetensors: \d+ bytes that are no safetensors file"):
        LoraAdapter.from_folder(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelCorruptError, match="expected the settings of a LoRA adapter"):
        LoraAdapter.from_folder(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{")
    with pytest.raises(ModelCorruptError, match="cannot be read as JSON"):
        LoraAdapter.from_folder(tmp_path)


@pytest.mark.parametrize(
    "config", [{"use_dora": True}, {"modules_to_save": ["lm_head"]}, {"bias": "all"}, {"rank_pattern": {"x": 2}}], ids=str
)
def test_other_arithmetic_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(ModelShapeError, match="not supported"):
        LoraAdapter.from_folder(write(tmp_path, random_adapter().tensors(), **config))


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (f"base_model.model.{LINEAR}.lora_C.weight", (4, 4), "no part of a LoRA adapter"),
        (f"{LINEAR}.lora_A.weight", (4, 4), "no part of a LoRA adapter"),
        ("base_model.model.model.layers.0.mlp.down_proj.lora_A.weight", (4, 48), "only the down-projection"),
    ],
)
def test_strange_tensors_are_refused(tmp_path: Path, name: str, shape: tuple[int, int], message: str) -> None:
    with pytest.raises(ModelCorruptError, match=message):
        LoraAdapter.from_folder(write(tmp_path, {**random_adapter().tensors(), name: torch.zeros(shape)}))


def test_an_empty_adapter_and_another_rank_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCorruptError, match="empty"):
        LoraAdapter.from_folder(write(tmp_path, {}))
    with pytest.raises(ModelShapeError, match="expected rank 8"):
        LoraAdapter.from_folder(write(tmp_path, random_adapter().tensors(), r=8))


@pytest.mark.parametrize(
    ("module", "update", "message"),
    [
        ("model.layers.5.mlp.down_proj", LowRank(torch.zeros(4, 48), torch.zeros(32, 4), False), "is missing in the model"),
        ("model.norm", LowRank(torch.zeros(4, 32), torch.zeros(32, 4), False), "Phi3RMSNorm in the model, expected a linear"),
        (LINEAR, LowRank(torch.zeros(4, 31), torch.zeros(96, 4), False), r"\(96, 32\) in the model, but \(96, 31\)"),
        (EMBEDDING, LowRank(torch.zeros(4, 577), torch.zeros(16, 4), False), "expected a linear layer"),
    ],
)
def test_an_adapter_for_another_model_is_refused(module: str, update: LowRank, message: str) -> None:
    with pytest.raises(ModelShapeError, match=message):
        LoraAdapter({module: update}, 4, 2).require_fits(tiny_model())
