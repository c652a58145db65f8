from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks import checkpoint_writing  # noqa: E402
from realtime_fer.networks.checkpoint_writing import write_tensors  # noqa: E402
from realtime_fer.networks.expllm import convert as module  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.networks.expllm.config import VisionSizes  # noqa: E402
from realtime_fer.networks.expllm.convert import JOURNAL_FILE, Conversion, convert  # noqa: E402
from realtime_fer.networks.safetensors_shards import Shards  # noqa: E402
from tests.networks.expllm.tiny import VISION, tiny_config, tiny_model, write_published  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    write_published(tmp_path / "published", tiny_config())
    (tmp_path / "published" / "tokenizer.model").write_bytes(b"words")
    return tmp_path / "published"


def test_everything_is_written_and_nothing_twice(published: Path, tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "out"
    assert convert(published, out, vision=VISION, report=said.append) == Conversion((FIRST, SECOND), ())
    assert all("read back equal" in line for line in said)
    types = {name: value.dtype for name, value in Shards(out).tensors(torch.device("cpu"))}
    assert types["language.lm_head.weight"] == torch.bfloat16
    assert types["language.model.layers.0.self_attn.q_proj.lora_A.default.weight"] == torch.float32
    assert (out / "tokenizer.model").read_bytes() == b"words"
    assert not list(out.glob("*.partial"))
    assert convert(published, out, vision=VISION) == Conversion((), (FIRST, SECOND))
    assert convert(published, out, vision=VISION, dtype=torch.float32).written == (FIRST, SECOND)


def test_it_goes_on_where_it_was_stopped(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"

    def stopped(path: Path, tensors: dict[str, Tensor]) -> None:
        if path.name == SECOND:
            raise KeyboardInterrupt
        write_tensors(path, tensors)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_tensors", stopped)
        with pytest.raises(KeyboardInterrupt):
            convert(published, out, vision=VISION)
    assert not (out / "model.safetensors.index.json").exists()
    assert convert(published, out, vision=VISION) == Conversion((SECOND,), (FIRST,))


@pytest.mark.parametrize("files", range(4))
def test_wherever_it_is_stopped_it_goes_on_and_nothing_half_made_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    write_published(tmp_path / "published", tiny_config(), files=4)
    published, out = tmp_path / "published", tmp_path / "out"

    def stopped(tensors: dict[str, Tensor], path: str, **other: object) -> None:
        if len(list(out.glob("*.safetensors"))) == files:
            Path(path).write_bytes(b"half")
            raise KeyboardInterrupt
        save_file(tensors, path, **other)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_writing, "save_file", stopped)
        with pytest.raises(KeyboardInterrupt):
            convert(published, out, vision=VISION, dtype=torch.float32)
    with pytest.raises(ModelNotFoundError):
        load_expllm(out, vision=VISION)
    done = convert(published, out, vision=VISION, dtype=torch.float32)
    assert (len(done.kept), len(done.written)) == (files, 4 - files)
    assert not list(out.glob("*.partial"))
    for name, value in load_expllm(out, dtype=torch.float32, vision=VISION).state_dict().items():
        assert torch.equal(value, tiny_model().state_dict()[name]), name


def test_another_checkpoint_of_the_same_size_is_not_taken_for_this_one(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(published, out, vision=VISION)
    name = "pytorch_model-00001-of-00002.bin"
    stored = torch.load(published / name, weights_only=True)
    torch.save({key: value + 1 for key, value in stored.items()}, published / name)
    assert convert(published, out, vision=VISION) == Conversion((FIRST,), (SECOND,))


def test_while_it_is_made_anew_it_is_not_loaded(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    convert(published, out, vision=VISION)
    monkeypatch.setattr(module, "write_tensors", lambda path, tensors: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        convert(published, out, vision=VISION, dtype=torch.float32)
    with pytest.raises(ModelNotFoundError):
        load_expllm(out, vision=VISION)


def test_a_damaged_published_file_is_named(published: Path, tmp_path: Path) -> None:
    path = published / "pytorch_model-00002-of-00002.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :])
    with pytest.raises(ModelCorruptError, match=r"pytorch_model-00002-of-00002\.bin: .* does not fit its checksum"):
        convert(published, tmp_path / "out", vision=VISION)
    # The first file is done, and stays.
    path.write_bytes(whole)
    assert convert(published, tmp_path / "out", vision=VISION) == Conversion((SECOND,), (FIRST,))


def test_the_image_encoders_sizes_are_written_down(published: Path, tmp_path: Path) -> None:
    convert(published, tmp_path / "out", vision=VISION)
    assert VisionSizes(**json.loads((tmp_path / "out" / JOURNAL_FILE).read_text())["vision"]) == VISION


def test_a_damaged_file_is_made_again(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(published, out, vision=VISION)
    whole = (out / FIRST).read_bytes()
    (out / FIRST).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (out / "conversion.json.partial").write_text("{")
    assert convert(published, out, vision=VISION) == Conversion((FIRST,), (SECOND,))
    assert (out / FIRST).read_bytes() == whole
    (out / "conversion.json").write_text("{")
    assert convert(published, out, vision=VISION).kept == ()


def test_what_does_not_read_back_equal_does_not_count(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = load_file
    monkeypatch.setattr(checkpoint_writing, "load_file", lambda path: {name: value + 1 for name, value in load(path).items()})
    with pytest.raises(ModelCorruptError, match="expected what was written"):
        convert(published, tmp_path / "out", vision=VISION)
    assert not (tmp_path / "out" / FIRST).exists()


def test_the_published_folder_is_left_alone(published: Path) -> None:
    with pytest.raises(ModelError, match="the published folder itself"):
        convert(published, published, vision=VISION)


def test_an_empty_file_beside_the_weights_is_named_before_they_are_read(published: Path, tmp_path: Path) -> None:
    (published / "tokenizer.model").write_bytes(b"")
    with pytest.raises(ModelCorruptError, match=r"tokenizer\.model: is empty; fetch it again"):
        convert(published, tmp_path / "out", vision=VISION)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_others_is_left_alone(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".hidden").touch()
    for name in (FIRST, "model.safetensors.index.json"):
        (out / name).write_text("another checkpoint's")
    with pytest.raises(ModelError, match=r"expected a new folder or one of this conversion, found model-00001-of-00002"):
        convert(published, out, vision=VISION)
    assert {path.read_text() for path in out.glob("model*")} == {"another checkpoint's"}


def test_files_of_an_earlier_conversion_go(published: Path, tmp_path: Path) -> None:
    write_published(tmp_path / "in four", tiny_config(), files=4)
    out = tmp_path / "out"
    convert(tmp_path / "in four", out, vision=VISION)
    convert(published, out, vision=VISION)
    assert {path.name for path in out.glob("*.safetensors")} == {FIRST, SECOND}


def test_stopped_before_the_first_file_it_goes_on(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(module, "sha256_of", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            convert(published, out, vision=VISION)
    assert (out / FIRST).is_file()
    assert convert(published, out, vision=VISION).written == (FIRST, SECOND)
