from __future__ import annotations

import importlib.util
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from transformers import OPTConfig, OPTForCausalLM  # noqa: E402

from realtime_fer.errors import SettingsError  # noqa: E402
from realtime_fer.reasoning.placement import Placement, choose_placement, place_language  # noqa: E402

pytestmark = pytest.mark.torch


def on_machine(monkeypatch: pytest.MonkeyPatch, *, gpus: int, bitsandbytes: bool) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    there = real("torch") if bitsandbytes else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: there if name == "bitsandbytes" else real(name))


@pytest.mark.parametrize(
    ("gpus", "device", "expected"),
    [(0, "auto", "cpu"), (2, "auto", "cuda:0"), (2, "cpu", "cpu"), (2, "cuda", "cuda"), (2, "cuda:1", "cuda:1")],
)
def test_devices(monkeypatch: pytest.MonkeyPatch, gpus: int, device: str, expected: str) -> None:
    on_machine(monkeypatch, gpus=gpus, bitsandbytes=False)
    assert choose_placement(device=device) == Placement(torch.device(expected))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"device": "cuda:2"}, "one of this machine's GPUs, found 'cuda:2' and 2 GPUs"),
        ({"device": "gpu"}, "expected auto, cpu, cuda or cuda:1, found 'gpu'"),
        ({"dtype": "half"}, "expected one of bfloat16, float16, float32, found 'half'"),
        ({"device_map": "all"}, "expected one of auto, balanced, balanced_low_0, sequential"),
        ({"bits": 5}, "expected 8 or 4, found 5"),
        ({"bits": True}, "expected 8 or 4, found True"),
        ({"bits": 8, "device": "cpu"}, "needs a GPU, found cpu"),
    ],
)
def test_what_this_machine_cannot_do(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], says: str) -> None:
    on_machine(monkeypatch, gpus=2, bitsandbytes=True)
    with pytest.raises(SettingsError, match=says):
        choose_placement(**options)


def test_bits_need_their_package_and_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    on_machine(monkeypatch, gpus=1, bitsandbytes=False)
    with pytest.raises(
        SettingsError, match=r"bits=4: needs bitsandbytes, which is not installed; try: pip install bitsandbytes"
    ):
        choose_placement(bits=4)
    on_machine(monkeypatch, gpus=0, bitsandbytes=True)
    with pytest.raises(SettingsError, match="bits=8: needs a GPU, found cpu"):
        choose_placement(bits=8)
    on_machine(monkeypatch, gpus=1, bitsandbytes=True)
    placement = choose_placement(bits=4, dtype="float16", device_map={"": 0})
    assert placement == Placement(torch.device("cuda:0"), torch.float16, 4, {"": 0})
    assert (placement.words, placement.is_plain) == ("4 bits, float16", False)


def test_threads_are_set() -> None:
    before = torch.get_num_threads()
    try:
        assert choose_placement(device="cpu", threads=1).words == "bfloat16"
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_language_model_gets_its_weights() -> None:
    config = OPTConfig(
        vocab_size=20, hidden_size=8, ffn_dim=8, num_hidden_layers=1, num_attention_heads=2, word_embed_proj_dim=8
    )
    state = OPTForCausalLM(config).state_dict()
    placed = place_language(OPTForCausalLM, config, state, Placement(torch.device("cpu"), torch.bfloat16, device_map="auto"))
    for name, value in placed.state_dict().items():
        assert torch.equal(value, state[name].to(torch.bfloat16)), name
    assert not placed.training
    assert not any(value.requires_grad for value in placed.parameters())
