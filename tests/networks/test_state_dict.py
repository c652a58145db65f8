from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.networks.state_dict import load_plain, require_same_tensors, require_state  # noqa: E402

pytestmark = pytest.mark.torch


def test_plain_tensors_are_read(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    with pytest.raises(ModelNotFoundError, match=r"w\.pt: expected weights, found no file"):
        load_plain(path, "weights")
    path.write_text("not a torch file")
    with pytest.raises(ModelCorruptError, match=r"w\.pt: torch cannot read it as plain tensors .*fetch the file again"):
        load_plain(path, "weights")
    torch.save({"a": torch.arange(2)}, path)
    assert require_state(load_plain(path, "weights"), path, "weights")["a"].tolist() == [0, 1]


@pytest.mark.parametrize(("saved", "found"), [([1], "list"), ({}, "dict"), ({"b": 1, "a": torch.ones(1)}, "entries a, b")])
def test_what_is_no_state_dictionary_is_named(saved: object, found: str) -> None:
    with pytest.raises(ModelCorruptError, match=rf"w\.pt: expected weights \(tensors by name\), found {found}$"):
        require_state(saved, Path("w.pt"), "weights")


def test_names_shapes_and_kinds_of_number_are_compared() -> None:
    state = {"a": torch.zeros(2), "b": torch.zeros(3)}
    require_same_tensors(state, dict(state), "it")
    with pytest.raises(ModelCorruptError, match=r"it: of 2 expected tensors, 1 missing \(c\) and 1 unexpected \(b\); is it"):
        require_same_tensors(state, {"a": state["a"], "c": state["b"]}, "it")
    with pytest.raises(ModelShapeError, match=r"it: 1 of 2 tensors have another form: b is \(3,\) float32, expected \(4,\)"):
        require_same_tensors(state, {**state, "b": torch.zeros(4)}, "it")
    with pytest.raises(ModelShapeError, match=r"a is \(2,\) float32, expected \(2,\) int64"):
        require_same_tensors(state, {**state, "a": torch.zeros(2, dtype=torch.int64)}, "it")
