from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import ModelCorruptError, SettingsError  # noqa: E402
from realtime_fer.networks.emotion_gcn.densenet import DenseNetFeatures  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import LAYERS, build_network  # noqa: E402
from realtime_fer.training.emotion_gcn.pretrained import begin_with_imagenet  # noqa: E402

pytestmark = pytest.mark.torch


def as_torchvision_names(name: str) -> str:
    for part in ("norm1", "norm2", "conv1", "conv2"):
        name = name.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
    return f"features.{name}"


@pytest.fixture
def theirs(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """torchvision's file: names of 2017, no counters, a classifier of 1000."""
    torch.manual_seed(3)
    state = DenseNetFeatures(LAYERS["densenet121"]).state_dict()
    saved = {as_torchvision_names(name): value for name, value in state.items() if "num_batches" not in name}
    assert "features.denseblock1.denselayer1.norm.1.weight" in saved
    torch.save({**saved, "classifier.weight": torch.zeros(1000, 4)}, tmp_path / "densenet121.pth")
    return tmp_path / "densenet121.pth", state


@pytest.mark.parametrize("kind", ["multi-task", "single-task"])
def test_the_backbone_begins_with_the_file(theirs: tuple[Path, dict[str, Any]], kind: Any) -> None:
    path, state = theirs
    network: Any = build_network("densenet121", kind)
    begin_with_imagenet(network, path)
    own = (network.model_base if kind == "multi-task" else network.features).state_dict()
    assert all(torch.equal(own[name], state[name]) for name in state)


def test_files_that_do_not_fit(theirs: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, _ = theirs
    with pytest.raises(SettingsError, match="for --network densenet"):
        begin_with_imagenet(build_network("bregnext50", "single-task"), path)
    saved = torch.load(path, weights_only=True)
    del saved["features.conv0.weight"]
    torch.save(saved, path)
    with pytest.raises(ModelCorruptError, match=r"1 missing \(conv0\.weight\)"):
        begin_with_imagenet(build_network("densenet121", "single-task"), path)
    torch.save({"fc.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelCorruptError, match="torchvision's weights of DenseNet-121"):
        begin_with_imagenet(build_network("densenet121", "single-task"), path)
