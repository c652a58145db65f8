from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from pathlib import Path  # noqa: E402

from safetensors.torch import save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import load_exp_blip, load_stage_one  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, empty_captioner, empty_stage_one, faces, published_state  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch


def stage_two() -> dict[str, Tensor]:
    return published_state(empty_captioner())


def saved(folder: Path, state: dict[str, Tensor], name: str = "exp.pth") -> Path:
    torch.save({"model": state}, folder / name)
    return folder / name


def trimmed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.startswith("opt_model.")}


def opt_folder(folder: Path, state: dict[str, Tensor], prefix: str = "model.") -> Path:
    opt = {name.removeprefix("opt_model.model."): value for name, value in state.items() if "opt_model.model." in name}
    folder.mkdir()
    save_file({prefix + name: value for name, value in opt.items()}, str(folder / "model.safetensors"))
    return folder


def test_a_whole_file_fills_every_tensor(tmp_path: Path) -> None:
    state = stage_two()
    model = load_exp_blip(saved(tmp_path, state), sizes=SIZES)
    own = model.state_dict()
    assert not any(value.is_meta for value in own.values())
    bias = own["blip.vision_model.encoder.layers.1.self_attn.qkv.bias"].reshape(3, -1)
    expected = [state["visual_encoder.blocks.1.attn.q_bias"], torch.zeros(16), state["visual_encoder.blocks.1.attn.v_bias"]]
    assert torch.equal(bias, torch.stack(expected))
    assert model.blip.language_model.lm_head.weight is model.blip.language_model.get_input_embeddings().weight
    assert not model.training
    assert not any(value.requires_grad for value in model.parameters())


@pytest.mark.parametrize("prefix", ["model.", ""])
def test_a_trimmed_file_takes_the_language_model_from_elsewhere(tmp_path: Path, prefix: str) -> None:
    state = stage_two()
    whole = load_exp_blip(saved(tmp_path, state), sizes=SIZES)
    path = saved(tmp_path, trimmed(state), "trimmed.pth")
    parts = load_exp_blip(path, opt_folder(tmp_path / "opt", state, prefix), sizes=SIZES)
    pixels, ids = pixel_values(faces(), SIZES.image_px), torch.tensor([[2], [2]])
    with torch.inference_mode():
        assert torch.equal(whole(pixels, ids), parts(pixels, ids))
    with pytest.raises(ModelCorruptError, match=r"facebook/opt-6\.7b"):
        load_exp_blip(path, sizes=SIZES)


def test_half_precision_leaves_the_q_former_whole(tmp_path: Path) -> None:
    model = load_exp_blip(saved(tmp_path, stage_two()), dtype=torch.bfloat16, sizes=SIZES)
    types = {name: value.dtype for name, value in model.named_parameters()}
    assert types["blip.language_model.model.decoder.layers.0.fc1.weight"] == torch.bfloat16
    assert types["blip.vision_model.encoder.layers.0.mlp.fc1.weight"] == torch.bfloat16
    assert types["blip.vision_model.post_layernorm.weight"] == torch.float32
    assert {types[name] for name in types if ".qformer." in name or "query" in name} == {torch.float32}
    with torch.inference_mode():
        logits = model(pixel_values(faces(), SIZES.image_px), torch.tensor([[2], [2]]))
    assert torch.isfinite(logits).all()


def test_missing_left_over_and_misshapen(tmp_path: Path) -> None:
    state = stage_two()
    other = {name: value for name, value in state.items() if name != "ln_vision.bias"} | {"temp": torch.ones(())}
    with pytest.raises(ModelCorruptError, match=r"1 tensors missing \(ln_vision.bias\) and 1 tensors left over \(temp\)"):
        load_exp_blip(saved(tmp_path, other), sizes=SIZES)
    with pytest.raises(ModelShapeError, match=r"opt_proj\.bias is \(3,\), expected \(16,\)"):
        load_exp_blip(saved(tmp_path, {**state, "opt_proj.bias": torch.ones(3)}), sizes=SIZES)
    with pytest.raises(ModelCorruptError, match="two values"):
        load_exp_blip(saved(tmp_path, {**state, "opt_model.lm_head.weight": torch.ones(280, 16)}), sizes=SIZES)


def test_the_first_stage(tmp_path: Path) -> None:
    state = published_state(empty_stage_one())
    model = load_stage_one(saved(tmp_path, state), sizes=SIZES)
    assert float(model.temperature) == pytest.approx(0.07)
    assert model.writing_head.decoder.weight is model.blip.embeddings.word_embeddings.weight
    with torch.inference_mode():
        image = model.image_embeddings(pixel_values(faces(), SIZES.image_px))
        assert torch.isfinite(model.match_logits(image, torch.tensor([[1, 5, 2], [1, 6, 2]]))).all()
    with pytest.raises(ModelCorruptError, match="missing"):
        load_stage_one(saved(tmp_path, stage_two()), sizes=SIZES)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="found no file"):
        load_exp_blip(tmp_path / "none.pth", sizes=SIZES)
