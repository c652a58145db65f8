from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelShapeError, SettingsError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.training.expllm.start import Start, config_values, new_tensor  # noqa: E402
from tests.networks.expllm.tiny import VISION  # noqa: E402
from tests.training.expllm.tiny_set import TINY, save_checkpoint, save_parts  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def test_from_a_checkpoint(tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path)
    model = start.load(replace(TINY, dropout=0.3, precision="bfloat16"), CPU)
    expected = load_expllm(tmp_path, vision=VISION)
    assert all(torch.equal(value, expected.get_parameter(name)) for name, value in model.named_parameters())
    rates = {part.p for name, part in model.named_modules() if "lora_dropout" in name and hasattr(part, "p")}
    assert rates == {0.3}
    learning = [name for name, value in model.named_parameters() if value.requires_grad]
    assert all(".lora_" in name or name.startswith("projector.") for name in learning)
    with pytest.raises(SettingsError, match="give --rank 2 --alpha 4"):
        start.config(replace(TINY, rank=4))


def test_from_vicuna_and_dinov2_an_adapter_changes_nothing_yet(tmp_path: Path) -> None:
    start = save_parts(tmp_path)
    torch.manual_seed(1)
    model = start.load(replace(TINY, rank=4), CPU)
    assert model.config.rank == 4
    whole = load_expllm(save_checkpoint(tmp_path / "whole").folder, dtype=torch.float32, vision=VISION)
    ids = torch.tensor([[1, 5, 9]])
    with torch.no_grad(), whole.without_adapters():
        found, expected = (one.eval().language(input_ids=ids).logits for one in (model, whole))
        pixels = torch.randn(1, 3, 224, 224)
        patches, same = (one.patch_tokens(pixels) for one in (model, whole))
    assert torch.allclose(found, expected, atol=1e-5)
    assert torch.allclose(patches, same, atol=1e-4)
    again = start.load(replace(TINY, rank=4), CPU)
    assert not torch.equal(again.projector[0].weight, model.projector[0].weight)


def test_new_tensors() -> None:
    assert bool((new_tensor("x.lora_B", (8, 2)) == 0).all())
    first = new_tensor("x.lora_A", (2, 400))
    assert float(first.abs().max()) <= 1 / 20
    assert float(first.std()) == pytest.approx(1 / 20 / 3**0.5, rel=0.1)


def test_wrong_parts_are_named(tmp_path: Path) -> None:
    start = save_parts(tmp_path)
    save_checkpoint(tmp_path / "whole")
    with pytest.raises(ModelShapeError, match=r"expected Vicuna alone, found .*; a checkpoint of ExpLLM needs no DINOv2"):
        Start(tmp_path / "whole", start.dinov2, VISION).load(TINY, CPU)
    torch.save({"cls_token": torch.zeros(1, 1, 16)}, tmp_path / "dinov2.pth")
    with pytest.raises(ModelCorruptError, match="tensors missing"):
        start.load(TINY, CPU)


def test_the_fingerprint_sees_both_parts(tmp_path: Path) -> None:
    start = save_parts(tmp_path)
    assert start.dinov2 is not None
    first = start.fingerprint()
    start.dinov2.write_bytes(start.dinov2.read_bytes() + b"x")
    second = start.fingerprint()
    weights = start.folder / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes() + b"x")
    assert len({first, second, start.fingerprint()}) == 3


def test_settings_of_the_result_describe_its_adapters(tmp_path: Path) -> None:
    start = save_parts(tmp_path)
    values = config_values(start, start.config(replace(TINY, rank=4, alpha=2.0)))
    assert (values["lora_llm_r"], values["lora_vision_r"], values["lora_vision_alpha"]) == (4, 4, 2)
    assert (values["model_type"], values["hidden_size"]) == ("locllm", 32)
