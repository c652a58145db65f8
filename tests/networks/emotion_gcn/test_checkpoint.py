from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError  # noqa: E402
from realtime_fer.networks.emotion_gcn.checkpoint import Recognised, load_network, read_state, recognise  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import BackboneName, Kind  # noqa: E402
from tests.networks.emotion_gcn.tiny import NETWORKS, save_checkpoint, trained_looking, word_embeddings  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("backbone", "kind"), NETWORKS)
@torch.no_grad()
def test_a_checkpoint_comes_back(tmp_path: Path, backbone: BackboneName, kind: Kind) -> None:
    network = trained_looking(backbone, kind)
    state = read_state(save_checkpoint(tmp_path / "w.pth", network))
    assert recognise(state, "w") == Recognised(backbone, kind)
    again = load_network(state, "w", backbone, kind, word_embeddings())
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(again(images).logits, network(images).logits)
    assert not again.training


def test_a_bare_state_dictionary_is_read_as_well(tmp_path: Path) -> None:
    network = trained_looking("densenet121", "single-task")
    torch.save(network.state_dict(), tmp_path / "w.pt")
    assert read_state(tmp_path / "w.pt").keys() == network.state_dict().keys()


def test_names_and_shapes_that_do_not_fit_are_told() -> None:
    state = trained_looking("bregnext50", "multi-task").state_dict()

    def load(changed: dict[str, Any]) -> None:
        load_network(changed, "w.pt", "bregnext50", "multi-task")

    without = {name: value for name, value in state.items() if not name.startswith("fc_cat")}
    with pytest.raises(
        ModelCorruptError, match=r"w\.pt as bregnext50 multi-task: .* 2 missing \(fc_cat\.bias, fc_cat\.weight\);"
    ):
        load(without)
    with pytest.raises(ModelCorruptError, match=r"1 missing \(fc_cat\.bias\) and 1 unexpected \(other\)"):
        load({("other" if name == "fc_cat.bias" else name): value for name, value in state.items()})
    with pytest.raises(ModelShapeError, match=r"fc_cat\.weight is \(8, 128\) float32, expected \(7, 128\) float32"):
        load({**state, "fc_cat.weight": torch.zeros(8, 128)})
    with pytest.raises(ModelShapeError, match=r"fc_cat\.bias is \(7,\) int64"):
        load({**state, "fc_cat.bias": torch.zeros(7, dtype=torch.int64)})


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="absent"):
        read_state(tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("not a checkpoint")
    with pytest.raises(ModelCorruptError, match=r"text\.pt: torch cannot read it .*damaged.*fetch the file again") as raised:
        read_state(tmp_path / "text.pt")
    assert "weights_only" not in str(raised.value)
    torch.save({"epoch": 3}, tmp_path / "numbers.pt")
    with pytest.raises(ModelCorruptError, match=r"expected a checkpoint .*tensors by name.* found entries epoch"):
        read_state(tmp_path / "numbers.pt")
    with pytest.raises(ModelCorruptError, match=r"features\.\* or _model\.\*.*backbone"):
        recognise({"backbone.weight": torch.zeros(1)}, "w.pt")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"model_state_dict": Harm()}, tmp_path / "w.pt", pickle_module=pickle)
    with pytest.raises(ModelCorruptError, match=r"w\.pt"):
        read_state(tmp_path / "w.pt")
    assert not (tmp_path / "ran").exists()
