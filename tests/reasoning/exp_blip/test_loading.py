from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import load_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.convert import convert_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.converted import INDEX_FILE  # noqa: E402
from realtime_fer.networks.exp_blip.model import ExpBlip  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from realtime_fer.reasoning.exp_blip.loading import load_placed, weights_version  # noqa: E402
from realtime_fer.reasoning.placement import Placement  # noqa: E402
from tests.networks.exp_blip.test_checkpoint import saved, stage_two  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, faces, published_state  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return saved(tmp_path, stage_two())


def converted(source: Path, folder: Path, dtype: Any = torch.float32) -> Path:
    convert_exp_blip(source, folder, dtype=dtype, sizes=SIZES, max_file_bytes=20_000)
    return folder


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("device_map", [None, "auto", "balanced", {"": "cpu"}])
def test_the_same_network_whoever_places_it(
    source: Path, tmp_path: Path, dtype: Any, device_map: str | dict[str, str] | None
) -> None:
    folder = converted(source, tmp_path / "out")
    found = load_placed(folder, Placement(CPU, dtype, device_map=device_map), verify=True)
    expected = load_exp_blip(source, dtype=dtype, sizes=SIZES)
    own = found.state_dict()
    for name, value in expected.state_dict().items():
        assert own[name].dtype == value.dtype, name
        assert torch.equal(own[name], value), name
    language = found.blip.language_model
    assert language.lm_head.weight is language.get_input_embeddings().weight
    assert not any(part.training for part in found.modules())
    pixels, ids = pixel_values(faces(), SIZES.image_px), torch.tensor([[2], [2]])
    with torch.inference_mode():
        torch.testing.assert_close(found(pixels, ids), expected(pixels, ids))


@pytest.mark.parametrize("bits", [8, 4])
def test_layers_in_few_bits(tmp_path: Path, bits: int) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes")
    # Its blocks of 4 bits have 64 numbers.
    sizes = replace(SIZES, opt_hidden=64, opt_intermediate=64)
    with torch.device("meta"):
        empty = ExpBlip(sizes)
    source = saved(tmp_path, published_state(empty))
    convert_exp_blip(source, tmp_path / "out", dtype=torch.float32, sizes=sizes)
    found, plain = load_placed(tmp_path / "out", Placement(CPU, torch.float32, bits=bits)), load_exp_blip(source, sizes=sizes)
    layer = found.blip.language_model.model.decoder.layers[0]
    assert layer.fc1.weight.dtype == (torch.int8 if bits == 8 else torch.uint8)
    pixels, ids = pixel_values(faces(1), SIZES.image_px), torch.tensor([[2]])
    with torch.inference_mode():
        logits, expected = (model(pixels, ids)[0, -1] for model in (found, plain))
    assert torch.nn.functional.cosine_similarity(logits, expected, dim=0) > 0.9


def test_what_is_not_finished_or_damaged_is_not_loaded(source: Path, tmp_path: Path) -> None:
    folder = converted(source, tmp_path / "out")
    placements = [Placement(CPU, torch.float32), Placement(CPU, torch.float32, device_map="auto")]
    path = sorted(folder.glob("*.safetensors"))[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for placement in placements:
        with pytest.raises(ModelCorruptError, match=f"{path.name}: is not what was written"):
            load_placed(folder, placement, verify=True)
    path.write_bytes(whole)
    (folder / INDEX_FILE).unlink()
    for placement in placements:
        with pytest.raises(ModelNotFoundError, match="finish the conversion"):
            load_placed(folder, placement)


def test_the_version_changes_with_the_weights(source: Path, tmp_path: Path) -> None:
    first, second = (converted(source, tmp_path / str(dtype), dtype) for dtype in (torch.float32, torch.float16))
    assert len(weights_version(first)) == 12
    assert weights_version(first) != weights_version(second)
