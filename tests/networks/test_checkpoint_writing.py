from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("safetensors", reason="needs the vlm extra")

from safetensors import SafetensorError  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelError  # noqa: E402
from realtime_fer.networks import checkpoint_writing  # noqa: E402
from realtime_fer.networks.checkpoint_writing import (  # noqa: E402
    grouped_by_size,
    is_as_written,
    read_object,
    remove_others,
    replace_json,
    require_own_folder,
    write_tensors,
)

pytestmark = pytest.mark.torch


def tensors() -> dict[str, Any]:
    return {"a": torch.tensor([1.0, float("nan")]), "b": torch.ones(2, 3, dtype=torch.bfloat16), "scale": torch.tensor(2.0)}


def test_tensors_are_written_whole_and_a_nan_equals_itself(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x.safetensors", tensors())
    found = load_file(str(tmp_path / "x.safetensors"))
    assert torch.equal(found["b"], tensors()["b"])
    assert found["b"].dtype == torch.bfloat16
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


@pytest.mark.parametrize(
    "change",
    [
        lambda held: {**held, "a": held["a"] + 1},
        lambda held: {**held, "b": held["b"].float()},
        lambda held: {**held, "b": held["b"].reshape(3, 2)},
        lambda held: {name: held[name] for name in ("a", "b")},
        lambda held: {**held, "more": held["a"].clone()},
    ],
)
def test_what_does_not_read_back_equal_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"the one before")
    monkeypatch.setattr(checkpoint_writing, "save_file", lambda held, *args, **rest: save_file(change(held), *args, **rest))
    with pytest.raises(ModelCorruptError, match=r"x\.safetensors: expected what was written, found \d tensors"):
        write_tensors(path, tensors())
    assert path.read_bytes() == b"the one before"


def test_what_was_cut_short_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_writing, "save_file", lambda held, path, **rest: Path(path).write_bytes(b"half"))
    with pytest.raises(ModelCorruptError, match="does not read back"):
        write_tensors(tmp_path / "x.safetensors", tensors())
    assert not (tmp_path / "x.safetensors").exists()


def test_what_a_kill_left_goes_with_the_next_file(tmp_path: Path) -> None:
    # Like safetensors: under a name of its own, beside the one that it was given.
    kill = (
        "import os, signal, sys; from pathlib import Path; from realtime_fer.networks import checkpoint_writing as it;"
        "half = lambda _, path, **rest: (Path(path).with_name('.drawn').touch(), os.kill(os.getpid(), signal.SIGKILL));"
        "it.save_file = half; it.write_tensors(Path(sys.argv[1]), {})"
    )
    path = tmp_path / "x.safetensors"
    subprocess.run([sys.executable, "-c", kill, str(path)], check=False)
    assert list(tmp_path.rglob(".drawn"))
    assert not path.exists()
    write_tensors(path, tensors())
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


def test_others_may_read_it_where_the_umask_lets_them(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x.safetensors", tensors())
    (tmp_path / "plain").touch()
    assert (tmp_path / "x.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def full(*_args: Any, **_rest: Any) -> None:
        raise error

    monkeypatch.setattr(checkpoint_writing, "save_file", full)
    with pytest.raises(ModelError, match=r"x\.safetensors: 0\.0 GB cannot be written \(.*No space left.*make room"):
        write_tensors(tmp_path / "x.safetensors", tensors())
    assert not list(tmp_path.iterdir())


def test_json_is_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "about.json"
    replace_json(path, {"a": 1})
    replace_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    with pytest.raises(TypeError):
        replace_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 2}


def test_groups_are_as_large_as_they_may_be() -> None:
    sizes = {"a": 3, "b": 4, "c": 1, "large": 20, "d": 8, "e": 1}
    assert grouped_by_size(sizes, 8) == [["a", "b", "c"], ["large"], ["d"], ["e"]]
    assert grouped_by_size({"a": 9}, 8) == [["a"]]


def test_json_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "about.json.partial").mkdir()
    with pytest.raises(ModelError, match=r"about\.json: cannot be written \(Is a directory\); make room"):
        replace_json(tmp_path / "about.json", {"a": 1})


def test_an_object_or_none(tmp_path: Path) -> None:
    path = tmp_path / "about.json"
    assert read_object(path) == {}
    for content in (b"{", b"[1]", b"\xff"):
        path.write_bytes(content)
        assert read_object(path) == {}
    path.write_text('{"a": 1}')
    assert read_object(path) == {"a": 1}


def test_a_file_is_as_written_or_not(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert is_as_written(path, digest)
    assert not is_as_written(path, None)
    assert not is_as_written(tmp_path / "y", digest)
    path.write_bytes(b"abd")
    assert not is_as_written(path, digest)


def test_a_folder_is_new_or_marked(tmp_path: Path) -> None:
    require_own_folder(tmp_path / "none", ["mark"])
    require_own_folder(tmp_path, ["mark"])
    (tmp_path / ".hidden").touch()
    require_own_folder(tmp_path, ["mark"])
    (tmp_path / "other").touch()
    with pytest.raises(ModelError, match="expected a new folder or one of this conversion, found other in it"):
        require_own_folder(tmp_path, ["mark"])
    (tmp_path / "mark").touch()
    require_own_folder(tmp_path, ["another", "mark"])


def test_others_of_the_pattern_go(tmp_path: Path) -> None:
    for name in ("w-1.x", "w-2.x", "v-3.x"):
        (tmp_path / name).touch()
    remove_others(tmp_path, "w-*.x", {"w-2.x"})
    assert {path.name for path in tmp_path.iterdir()} == {"w-2.x", "v-3.x"}
