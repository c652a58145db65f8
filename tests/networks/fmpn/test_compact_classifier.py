from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn  # noqa: E402
from realtime_fer.networks.fmpn.checkpoint import classifier_from  # noqa: E402
from realtime_fer.networks.fmpn.compact_classifier import CompactClassifier, backbone_of  # noqa: E402
from tests.networks.fmpn.tiny import shaken  # noqa: E402

pytestmark = pytest.mark.torch


def test_it_is_the_backbone_with_a_linear_head_but_for_three_channels() -> None:
    ours = CompactClassifier(5)
    grey = CompactEmotionGcn(np.eye(5), head="linear")
    shapes, theirs = ({name: tuple(v.shape) for name, v in net.state_dict().items()} for net in (ours, grey))
    assert shapes.pop("stem.weight") == (16, 3, 3, 3)
    assert theirs.pop("stem.weight") == (16, 1, 3, 3)
    assert shapes == theirs


def test_three_equal_channels_are_a_grey_face() -> None:
    """With the grey network's first convolution shared out over the channels, both say the same."""
    grey = shaken(CompactEmotionGcn(np.eye(5), head="linear"))
    ours = CompactClassifier(5)
    state = dict(grey.state_dict())
    state["stem.weight"] = state["stem.weight"].expand(-1, 3, -1, -1) / 3
    ours.load_state_dict(state)
    faces = torch.randint(0, 256, (2, 1, 48, 48)).float()
    with torch.no_grad():
        assert torch.allclose(ours.eval()(faces.expand(-1, 3, -1, -1) / 255), grey(faces), atol=1e-4)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_backbone_is_read_from_the_tensors(name: str) -> None:
    with torch.device("meta"):
        state = CompactClassifier(3, backbone=BACKBONES[name]).state_dict()
    assert backbone_of(state, "it") == BACKBONES[name]


def test_what_is_written_comes_back_and_other_blocks_are_refused() -> None:
    made = shaken(CompactClassifier(3))
    back = classifier_from(made.state_dict(), "it")
    assert all(torch.equal(back.state_dict()[name], value) for name, value in made.state_dict().items())
    short = {name: value for name, value in made.state_dict().items() if not name.startswith("blocks.5.")}
    with pytest.raises(ModelCorruptError, match=r"it: expected one of the backbones small, .* \(32, 64, 64, 128, 128\)"):
        classifier_from(short, "it")
