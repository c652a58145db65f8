from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelShapeError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import (  # noqa: E402
    empty_expllm,
    fill,
    from_published,
    load_expllm,
    require_ours,
)
from realtime_fer.networks.expllm.convert import convert  # noqa: E402
from realtime_fer.networks.expllm.model import ExpLlm  # noqa: E402
from tests.networks.expllm.tiny import VISION, published_tensors, tiny_config, tiny_model, write_published  # noqa: E402

pytestmark = pytest.mark.torch


def same(model: ExpLlm, other: ExpLlm) -> bool:
    state, expected = model.state_dict(), other.state_dict()
    return state.keys() == expected.keys() and all(torch.equal(state[name], value) for name, value in expected.items())


def test_a_published_and_a_converted_folder_give_the_same_model(tmp_path: Path) -> None:
    write_published(tmp_path / "published", tiny_config())
    published = load_expllm(tmp_path / "published", dtype=torch.float32, vision=VISION)
    assert same(published, tiny_model())
    assert not published.training
    assert published.config.image_token_id == tiny_config().image_token_id
    convert(tmp_path / "published", tmp_path / "ours", dtype=torch.float32, vision=VISION)
    assert same(load_expllm(tmp_path / "ours", dtype=torch.float32, vision=VISION), tiny_model())


def test_only_the_decoders_own_weights_become_smaller() -> None:
    model = from_published(published_tensors(tiny_config()).items(), tiny_config())
    for name, value in model.named_parameters():
        base = name.startswith("language.") and ".lora_" not in name
        assert value.dtype == (torch.bfloat16 if base else torch.float32), name
        assert not value.requires_grad


def test_a_whole_folder_is_asked_for(tmp_path: Path) -> None:
    config = tiny_config()
    write_published(tmp_path, config)
    tensors = published_tensors(config)
    del tensors["lm_head.weight"]
    (tmp_path / "pytorch_model.bin.index.json").unlink()
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelCorruptError, match=r"1 tensors missing \(lm_head.weight\)"):
        load_expllm(tmp_path, vision=VISION)
    with pytest.raises(ModelCorruptError, match="1 are missing"):
        from_published(tensors.items(), config)


def test_tensors_that_do_not_fit() -> None:
    model = empty_expllm(tiny_config())
    assert all(value.is_meta for value in model.parameters())
    cpu = torch.device("cpu")
    with pytest.raises(ModelCorruptError, match="x has no place"):
        fill(model, [("x", torch.ones(1))], torch.float32, cpu)
    with pytest.raises(ModelShapeError, match=r"projector.0.bias is \(1,\)"):
        fill(model, [("projector.0.bias", torch.ones(1))], torch.float32, cpu)
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    require_ours(shapes, model, "folder")
    with pytest.raises(ModelCorruptError, match="1 tensors missing or left over"):
        require_ours({**shapes, "x": (1,)}, model, "folder")
    with pytest.raises(ModelShapeError, match=r"projector.0.bias is \(1,\)"):
        require_ours({**shapes, "projector.0.bias": (1,)}, model, "folder")
