from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import load_exp_blip  # noqa: E402
from realtime_fer.training.exp_blip.start import Start  # noqa: E402
from realtime_fer.training.vlm.trained import learning  # noqa: E402
from tests.training.exp_blip.tiny_set import SIZES, save_checkpoints  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def test_from_the_second_stage(tmp_path: Path) -> None:
    start = save_checkpoints(tmp_path)
    model = start.load(CPU, torch.bfloat16)
    expected = load_exp_blip(start.file, start.opt, sizes=SIZES)
    for name, value in expected.named_parameters():
        found = model.get_parameter(name)
        assert torch.equal(found.float(), value.to(found.dtype).float())
        language = name.startswith("blip.language_model.")
        assert (found.dtype, found.requires_grad) == (torch.bfloat16 if language else torch.float32, not language)
    assert "blip.query_tokens" in learning(model)
    assert not any("language_model" in name for name in learning(model))


def test_from_the_first_stage_all_but_the_projection_is_kept(tmp_path: Path) -> None:
    save_checkpoints(tmp_path)
    start = Start(tmp_path / "stage1.pth", tmp_path / "opt", SIZES)
    first = start.load(CPU, torch.float32)
    again = start.load(CPU, torch.float32)
    state = torch.load(start.file, weights_only=True)["model"]
    assert torch.equal(first.blip.query_tokens, state["query_tokens"])
    layer = first.blip.qformer.encoder.layer[0]
    assert torch.equal(
        layer.intermediate_query.dense.weight, state["Qformer.bert.encoder.layer.0.intermediate_query.dense.weight"]
    )
    drawn = first.blip.language_projection.weight
    assert not torch.equal(drawn, again.blip.language_projection.weight)
    assert 0.1 < float(drawn.detach().abs().max()) <= 1 / SIZES.qformer_hidden**0.5


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    save_checkpoints(tmp_path)
    torch.save({"model": {"x": torch.zeros(1)}}, tmp_path / "x.pth")
    with pytest.raises(ModelCorruptError, match=r"x\.pth: .* tensors missing"):
        Start(tmp_path / "x.pth", tmp_path / "opt", SIZES).load(CPU, torch.float32)


def test_the_fingerprint_sees_both_files(tmp_path: Path) -> None:
    start = save_checkpoints(tmp_path)
    found = {start.fingerprint()}
    for path in (start.file, start.opt / "pytorch_model.bin"):
        path.write_bytes(path.read_bytes() + b"x")
        found.add(start.fingerprint())
    assert len(found) == 3
