from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks import checkpoint_writing  # noqa: E402
from realtime_fer.networks.checkpoint_writing import replace_json, write_tensors  # noqa: E402
from realtime_fer.networks.exp_blip import convert  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import load_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.convert import JOURNAL_FILE, VOCABULARY, convert_exp_blip  # noqa: E402
from realtime_fer.networks.exp_blip.converted import INDEX_FILE, load_converted  # noqa: E402
from tests.networks.exp_blip.test_checkpoint import opt_folder, saved, stage_two, trimmed  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES  # noqa: E402

pytestmark = pytest.mark.torch

SMALL_FILES = 20_000


def run(source: Path, folder: Path, **other: Any) -> list[str]:
    lines: list[str] = []
    convert_exp_blip(source, folder, sizes=SIZES, max_file_bytes=SMALL_FILES, report=lines.append, **other)
    return lines


def test_the_folder_holds_the_same_network(tmp_path: Path) -> None:
    state = stage_two()
    opt = opt_folder(tmp_path / "opt", state)
    source = saved(tmp_path, trimmed(state))
    lines = run(source, tmp_path / "out", opt=opt, dtype=torch.bfloat16)
    assert len(lines) > 3
    assert max(path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors")) < 2 * SMALL_FILES
    direct, converted = (
        load_exp_blip(source, opt, dtype=torch.bfloat16, sizes=SIZES),
        load_converted(tmp_path / "out", verify=True),
    )
    expected, found = direct.state_dict(), converted.state_dict()
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
        assert torch.equal(found[name], value), name
    language = converted.blip.language_model
    assert language.lm_head.weight is language.get_input_embeddings().weight
    assert not converted.training


def test_a_run_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = saved(tmp_path, stage_two()), tmp_path / "out"
    written: list[str] = []

    def fails_at_the_third(path: Path, tensors: Any) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name)
        write_tensors(path, tensors)

    with monkeypatch.context() as patch:
        patch.setattr(convert, "write_tensors", fails_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            run(source, folder)
    with pytest.raises(ModelNotFoundError, match="finish the conversion"):
        load_converted(folder)
    # One of the two is damaged meanwhile.
    damaged = bytearray((folder / written[1]).read_bytes())
    damaged[-1] ^= 1
    (folder / written[1]).write_bytes(damaged)
    lines = run(source, folder)
    assert [line for line in lines if line.endswith("kept")] == [f"{written[0]}: kept"]
    load_converted(folder, verify=True)
    assert not (folder / JOURNAL_FILE).exists()
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}


def test_wherever_it_is_stopped_it_goes_on_and_nothing_half_made_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = saved(tmp_path, stage_two())
    for files in range(len(run(source, tmp_path / "whole"))):
        folder = tmp_path / str(files)

        def stopped(tensors: Any, path: str, *, folder: Path = folder, files: int = files, **other: Any) -> None:
            if len(list(folder.glob("*.safetensors"))) == files:
                Path(path).write_bytes(b"half")
                raise KeyboardInterrupt
            save_file(tensors, path, **other)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint_writing, "save_file", stopped)
            with pytest.raises(KeyboardInterrupt):
                run(source, folder)
        with pytest.raises(ModelNotFoundError):
            load_converted(folder)
        assert sum(line.endswith("kept") for line in run(source, folder)) == files
        load_converted(folder, verify=True)


@pytest.mark.parametrize("in_opt", [False, True])
def test_a_damaged_file_of_the_authors_is_named(tmp_path: Path, in_opt: bool) -> None:
    state = stage_two()
    source, opt = saved(tmp_path, trimmed(state)), tmp_path / "opt"
    opt.mkdir()
    weights = {name.removeprefix("opt_model."): value for name, value in state.items() if name.startswith("opt_model.model.")}
    torch.save(weights, opt / "pytorch_model.bin")
    path = opt / "pytorch_model.bin" if in_opt else source
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :])
    with pytest.raises(ModelCorruptError, match=rf"{path.name}: .* does not fit its checksum"):
        run(source, tmp_path / "out", opt=opt)
    path.write_bytes(whole)
    assert run(source, tmp_path / "out", opt=opt)


def test_the_vocabulary_comes_along(tmp_path: Path) -> None:
    state = stage_two()
    opt = opt_folder(tmp_path / "opt", state)
    for name in VOCABULARY:
        (opt / name).write_text(name)
    source = saved(tmp_path, trimmed(state))
    run(source, tmp_path / "out", opt=opt)
    assert [(tmp_path / "out" / name).read_text() for name in VOCABULARY] == list(VOCABULARY)
    with pytest.raises(ModelNotFoundError, match=r"none: expected the folder of facebook/opt-6\.7b, found no folder"):
        run(source, tmp_path / "out", opt=tmp_path / "none")


def test_a_finished_folder_gets_only_what_it_lacks(tmp_path: Path) -> None:
    state, folder = stage_two(), tmp_path / "out"
    opt = opt_folder(tmp_path / "opt", state)
    source = saved(tmp_path, trimmed(state))
    names = [line.partition(":")[0] for line in run(source, folder, opt=opt)]
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    # What is no weight file of OPT does not make the weights others.
    (opt / "vocab.json").write_text("later")
    damaged, missing = names[1], names[3]
    (folder / damaged).write_bytes(written[damaged][:-1] + bytes([written[damaged][-1] ^ 1]))
    (folder / missing).unlink()
    lines = run(source, folder, opt=opt)
    assert [line.partition(":")[0] for line in lines if not line.endswith("kept")] == [damaged, missing]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {**written, "vocab.json": b"later"}
    assert all(line.endswith("kept") for line in run(source, folder, opt=opt))


def test_while_a_damaged_file_is_made_anew_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = saved(tmp_path, stage_two()), tmp_path / "out"
    names = [line.partition(":")[0] for line in run(source, folder)]
    (folder / names[0]).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(convert, "write_tensors", lambda path, tensors: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(source, folder)
    with pytest.raises(ModelNotFoundError):
        load_converted(folder)
    assert [line.partition(":")[0] for line in run(source, folder) if not line.endswith("kept")] == names[:1]
    load_converted(folder, verify=True)


def test_files_of_another_type_are_made_again_and_those_of_another_size_go(tmp_path: Path) -> None:
    source, folder = saved(tmp_path, stage_two()), tmp_path / "out"
    run(source, folder)
    assert not any(line.endswith("kept") for line in run(source, folder, dtype=torch.bfloat16))
    convert_exp_blip(source, folder, sizes=SIZES)
    assert len(list(folder.glob("*.safetensors"))) == 1
    load_converted(folder, verify=True)


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    source = saved(tmp_path, stage_two())
    with pytest.raises(ModelError, match="expected a new folder or one of this conversion, found"):
        run(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_what_another_source_left_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, folder = stage_two(), tmp_path / "out"

    with monkeypatch.context() as patch:
        patch.setattr(convert, "replace_json", _only_the_journal)
        with pytest.raises(KeyboardInterrupt):
            run(saved(tmp_path, state), folder)
    assert (folder / JOURNAL_FILE).is_file()
    other = saved(tmp_path, {**state, "query_tokens": state["query_tokens"] + 1}, "other.pth")
    assert not any(line.endswith("kept") for line in run(other, folder))
    assert torch.equal(load_converted(folder).blip.query_tokens, state["query_tokens"] + 1)


def _only_the_journal(path: Path, content: Any) -> None:
    if path.name == INDEX_FILE:
        raise KeyboardInterrupt
    replace_json(path, content)


def test_what_is_read_back_must_be_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = load_file
    monkeypatch.setattr(checkpoint_writing, "load_file", lambda path: {name: value + 1 for name, value in load(path).items()})
    with pytest.raises(ModelCorruptError, match="expected what was written"):
        run(saved(tmp_path, stage_two()), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.safetensors"))
