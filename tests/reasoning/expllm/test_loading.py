from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import from_published  # noqa: E402
from realtime_fer.networks.expllm.convert import convert  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.prompts import label_prompt  # noqa: E402
from realtime_fer.reasoning.expllm.loading import load_converted, weights_version  # noqa: E402
from realtime_fer.reasoning.placement import Placement  # noqa: E402
from tests.networks.expllm.tiny import VISION, face, tiny_config, tiny_model, tiny_tokenizer, write_published  # noqa: E402

pytestmark = pytest.mark.torch

CPU = Placement(torch.device("cpu"), torch.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_published(tmp_path / "published", tiny_config())
    convert(tmp_path / "published", tmp_path / "ours", dtype=torch.float32, vision=VISION)
    return tmp_path / "ours"


@pytest.mark.parametrize("device_map", [None, "auto", "balanced", {"": "cpu"}])
def test_the_same_network_whoever_places_it(folder: Path, device_map: str | dict[str, str] | None) -> None:
    found = load_converted(folder, Placement(torch.device("cpu"), torch.float32, device_map=device_map), verify=True)
    expected = tiny_model().state_dict()
    assert found.state_dict().keys() == expected.keys()
    for name, value in found.state_dict().items():
        assert torch.equal(value, expected[name]), name
    assert not any(value.requires_grad for value in found.parameters())
    assert not any(part.training for part in found.modules())
    ids = torch.tensor([tiny_tokenizer().encode(label_prompt())])
    with torch.inference_mode():
        images = tiny_model().image_embeddings(pixel_values([face()]))
        torch.testing.assert_close(found(ids, images)[0], tiny_model()(ids, images)[0], atol=1e-4, rtol=0)


def test_adapters_stay_whole_where_a_map_places_the_rest(folder: Path) -> None:
    found = load_converted(folder, Placement(torch.device("cpu"), torch.bfloat16, device_map="auto"))
    for name, value in found.named_parameters():
        base = name.startswith("language.") and ".lora_" not in name
        assert value.dtype == (torch.bfloat16 if base else torch.float32), name


@pytest.mark.parametrize("bits", [8, 4])
def test_layers_in_few_bits(tmp_path: Path, bits: int) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes")
    # Its blocks of 4 bits have 64 numbers.
    config = replace(tiny_config(), language=replace(tiny_config().language, hidden_size=64, intermediate_size=64))
    tensors = write_published(tmp_path / "published", config)
    convert(tmp_path / "published", tmp_path / "ours", dtype=torch.float32, vision=VISION)
    plain = from_published(tensors.items(), config, dtype=torch.float32)
    found = load_converted(tmp_path / "ours", Placement(torch.device("cpu"), torch.float32, bits=bits))
    layer = found.language.model.layers[0]
    assert layer.mlp.gate_proj.weight.dtype == (torch.int8 if bits == 8 else torch.uint8)
    assert layer.self_attn.q_proj.lora_A.default.weight.dtype == torch.float32
    ids, pixels = torch.tensor([tiny_tokenizer().encode(label_prompt())]), pixel_values([face()])
    with torch.inference_mode():
        logits, expected = (model(ids, model.image_embeddings(pixels))[0][0, -1] for model in (found, plain))
    assert torch.nn.functional.cosine_similarity(logits, expected, dim=0) > 0.9


def test_what_is_not_finished_is_not_loaded(folder: Path) -> None:
    for name in ("model.safetensors.index.json", "conversion.json"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        with pytest.raises(ModelNotFoundError, match=f"{name}: no such file; expected a finished conversion"):
            load_converted(folder, CPU)
        (folder / name).write_bytes(content)
    (folder / "conversion.json").write_text("{}")
    with pytest.raises(ModelCorruptError, match=r"conversion\.json: cannot be read"):
        load_converted(folder, CPU)


def test_a_damaged_file_is_named(folder: Path) -> None:
    path = folder / "model-00002-of-00002.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelCorruptError, match=r"model-00002-of-00002\.safetensors: is not what was written"):
        load_converted(folder, CPU, verify=True)
    path.write_bytes(whole[:-100])
    with pytest.raises(ModelCorruptError, match="model-00002-of-00002"):
        load_converted(folder, CPU)


def test_the_version_changes_with_the_weights(folder: Path) -> None:
    version = weights_version(folder)
    assert len(version) == 12
    journal = json.loads((folder / "conversion.json").read_text())
    next(iter(journal["files"].values()))["sha256"] = "0" * 64
    (folder / "conversion.json").write_text(json.dumps(journal))
    assert weights_version(folder) != version
