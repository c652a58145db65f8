"""`realtime-fer models convert` on tiny published checkpoints."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.cli import cli, run  # noqa: E402
from realtime_fer.networks.checkpoint_writing import DTYPES  # noqa: E402
from realtime_fer.networks.exp_blip import convert as exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.converted import load_converted  # noqa: E402
from realtime_fer.networks.expllm import convert as expllm  # noqa: E402
from realtime_fer.networks.safetensors_shards import Shards  # noqa: E402
from realtime_fer.zoo.folder_lock import locked  # noqa: E402
from tests.networks.exp_blip.test_checkpoint import opt_folder, saved, stage_two, trimmed  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES  # noqa: E402
from tests.networks.expllm.tiny import VISION, tiny_config, write_published  # noqa: E402
from tests.reasoning.exp_blip.scripted import converted_scripted  # noqa: E402

pytestmark = pytest.mark.torch


def convert(*arguments: object) -> int:
    return run(cli, ["models", "convert", *map(str, arguments)], "realtime-fer")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands know the published sizes alone."""
    monkeypatch.setattr(expllm, "convert", partial(expllm.convert, vision=VISION))
    monkeypatch.setattr(exp_blip, "convert_exp_blip", partial(exp_blip.convert_exp_blip, sizes=SIZES))


def test_expllm(tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_published(tmp_path / "published", tiny_config())
    out = tmp_path / "out"
    assert convert("expllm", tmp_path / "published", out, "--dtype", "float32") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{out}: whole, 2 files written, 0 kept" in lines
    assert any(
        line.startswith(f"{out}: still needs tokenizer.model and tokenizer_config.json (copy them there") for line in lines
    )
    assert lines[-1].endswith(f"--reasoner expllm --reasoner-option checkpoint={out}")
    assert {value.dtype for _, value in Shards(out).tensors(torch.device("cpu"))} == {torch.float32}
    for name in ("tokenizer.model", "tokenizer_config.json"):
        (out / name).write_bytes(b"words")
    assert convert("expllm", tmp_path / "published", out, "--dtype", "float32") == 0
    output = capsys.readouterr().out
    assert f"{out}: whole, 0 files written, 2 kept" in output
    assert "still needs" not in output


def test_exp_blip(tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, out = stage_two(), tmp_path / "out"
    opt = opt_folder(tmp_path / "opt", state)
    assert convert("exp-blip", saved(tmp_path, trimmed(state)), out, "--opt", opt, "--dtype", "bfloat16") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{out}: whole" in lines
    assert any(line.startswith(f"{out}: still needs vocab.json and merges.txt (facebook/opt-6.7b has them") for line in lines)
    assert lines[-1].endswith(f"--reasoner exp-blip --reasoner-option checkpoint={out}")
    assert load_converted(out).blip.language_model.lm_head.weight.dtype == torch.bfloat16
    assert {path.name for path in tmp_path.iterdir()} == {"out", "opt", "exp.pth"}


def test_exp_blip_for_transformers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = converted_scripted(tmp_path)
    assert convert("exp-blip-hub", folder, tmp_path / "hub") == 0
    assert (tmp_path / "hub" / "preprocessor_config.json").is_file()
    assert convert("exp-blip-hub", tmp_path / "nowhere", tmp_path / "hub") == 2
    assert "vocab.json: no such file" in capsys.readouterr().err


def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # At its own size nothing tiny is whole.
    write_published(tmp_path / "published", tiny_config())
    state = stage_two()
    source, opt = saved(tmp_path, trimmed(state)), opt_folder(tmp_path / "opt", state)
    out = tmp_path / "out"
    for arguments, says in (
        (("expllm", tmp_path / "nowhere", out), "no such file"),
        (("expllm", tmp_path / "published", out), "tensors missing"),
        (("exp-blip", tmp_path / "none.pth", out), "found no file"),
        (("exp-blip", source, out, "--opt", opt), "tensors missing"),
        (("exp-blip", source, out), "holds no language model"),
    ):
        assert convert(*arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert says in line
        assert not out.exists()


def test_one_process_at_a_time(tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_published(tmp_path / "published", tiny_config())
    with locked(tmp_path / "out"):
        assert convert("expllm", tmp_path / "published", tmp_path / "out") == 2
        assert "works on it" in capsys.readouterr().err
    assert convert("expllm", tmp_path / "published", tmp_path / "out") == 0


def test_the_helps_tell_the_folder_from_the_shelf(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--help") == 0
    assert "`models import`" in (said := " ".join(capsys.readouterr().out.split()))
    assert "folder of your own" in said
    assert run(cli, ["models", "import", "--help"], "realtime-fer") == 0
    assert "`models convert` writes a folder of your own" in " ".join(capsys.readouterr().out.split())
    for system, dtype in (("expllm", "bfloat16"), ("exp-blip", "float16")):
        assert convert(system, "--help") == 0
        said = " ".join(capsys.readouterr().out.split())
        assert all(name in said for name in DTYPES)
        assert f"[default: {dtype}]" in said
