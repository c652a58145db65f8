"""ImageNet weights for DenseNet-121, with which the published training begins: torchvision's file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, SettingsError, missing_extra
from realtime_fer.networks.emotion_gcn.checkpoint import read_state
from realtime_fer.networks.emotion_gcn.densenet import DenseNetFeatures
from realtime_fer.networks.state_dict import require_same_tensors

try:
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error

PREFIX: Final = "features."
_OLD_NAME: Final = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d)")
"""torchvision's file of 2017 has `norm.1` where the module has had `norm1` since."""

COUNTER: Final = "num_batches_tracked"
"""Of each norm; the file is older than it, and with a fixed momentum nothing depends on it."""


def begin_with_imagenet(network: nn.Module, path: Path) -> None:
    """Fill the DenseNet within a network from densenet121-a639ec97.pth; the classifier in the file is not used.

    Raises:
        SettingsError: the network has no DenseNet.
        ModelNotFoundError: there is no such file.
        ModelCorruptError, ModelShapeError: it holds other tensors.
    """
    found: list[Any] = [module for module in network.modules() if isinstance(module, DenseNetFeatures)]
    if not found:
        raise SettingsError(f"pretrained {path}: ImageNet weights are for --network densenet; BReG-NeXt begins at random")
    state: dict[str, Tensor] = {
        _OLD_NAME.sub(r"\1\2", name.removeprefix(PREFIX)): value
        for name, value in read_state(path).items()
        if name.startswith(PREFIX)
    }
    if not state:
        raise ModelCorruptError(f"{path}: expected torchvision's weights of DenseNet-121 (features.*), found none of them")
    own = found[0].state_dict()
    state |= {name: value for name, value in own.items() if name.endswith(COUNTER) and name not in state}
    require_same_tensors(state, own, f"{path} as DenseNet-121")
    found[0].load_state_dict(state)
