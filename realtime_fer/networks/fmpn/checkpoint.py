"""Weight files of FMPN as the authors' code writes them: one bare state_dict a net, `<epoch>_net_<net>.pth`.

Which make a net is of is read from the names and shapes of its tensors; every tensor must then find its place.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.fmpn.compact_classifier import CompactClassifier, backbone_of
from realtime_fer.networks.fmpn.dense_classifier import DenseClassifier
from realtime_fer.networks.fmpn.inception_v3 import FIRST_CHANNELS, InceptionV3
from realtime_fer.networks.fmpn.model import Fmpn
from realtime_fer.networks.fmpn.motion_mask_generator import FACE_SIZE_PX, MotionMaskGenerator
from realtime_fer.networks.fmpn.prior_fusion import PriorFusion
from realtime_fer.networks.fmpn.residual_classifier import RESNET50_BLOCKS, RESNET152_BLOCKS, ResidualClassifier
from realtime_fer.networks.fmpn.weight_files import NETS, find_files, read_state
from realtime_fer.networks.fmpn.whole_face import WholeFace
from realtime_fer.networks.state_dict import State, require_same_tensors
from realtime_fer.networks.tensor_shapes import some_of

try:
    import torch
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

COUNTER: Final = "num_batches_tracked"
"""Of a norm; files of PyTorch below 0.4.1 have none, and evaluation does not use it."""


def load_fmpn(weights: Path, *, epoch: str | None = None, size_px: int = FACE_SIZE_PX) -> Fmpn:
    """The three nets, in evaluation mode.

    Args:
        weights: the folder of the three files, or any one of them.
        epoch: the part of the names before `_net_`; None takes the last one of which the folder has all three.
        size_px: side of the faces; the files do not tell it.

    Raises:
        ModelNotFoundError: a file is missing.
        ModelCorruptError: a file is no state_dict, or tensors are missing or unexpected.
        ModelShapeError: a tensor has another shape than its place.
        ShapeError: see `MotionMaskGenerator`.
    """
    files = find_files(weights, epoch)
    states = {net: read_state(path) for net, path in files.items()}
    return fmpn_from(states, {net: str(path) for net, path in files.items()}, size_px)


def fmpn_from(states: Mapping[str, State], what: Mapping[str, str], size_px: int = FACE_SIZE_PX) -> Fmpn:
    """The three nets of their tensors, in evaluation mode; both mappings are by net. Errors as `load_fmpn`.

    A generator without tensors is `WholeFace`, of a training without masks.

    Args:
        what: to call each net in an error.
    """
    model = Fmpn(
        generator_from(states["resface"], what["resface"], size_px) if states["resface"] else WholeFace(),
        fusion_from(states["fusion"], what["fusion"]),
        classifier_from(states["cls"], what["cls"]),
    )
    return model.eval()


def save_fmpn(model: Fmpn, folder: Path, epoch: str) -> dict[str, Path]:
    """Write the three files; the authors' code reads them too. Paths by net."""
    return {net: _save(getattr(model, f"net_{net}"), net, folder, epoch) for net in NETS}


def save_generator(generator: MotionMaskGenerator, folder: Path, epoch: str) -> Path:
    """Write the file of the first stage."""
    return _save(generator, "resface", folder, epoch)


def generator_from(state: State, what: str, size_px: int = FACE_SIZE_PX) -> MotionMaskGenerator:
    """A mask generator of the make its tensors tell, with them in it. Errors as `load_fmpn`."""
    first = _tensor(state, "feature_extractor.0.weight", what)
    inside = {name.split(".")[1] for name in state if ".conv_block." in name}
    # The fourth index of a block is its second convolution, unless a dropout layer stands there.
    convolution = state.get("feature_extractor.9.conv_block.3.weight")
    has_norm = any(name.endswith("running_mean") for name in state)
    generator = MotionMaskGenerator(
        size_px,
        channels=int(first.shape[0]),
        blocks=len(inside),
        norm="instance" if "feature_extractor.0.bias" in state else "batch" if has_norm else "none",
        dropout=bool(inside) and (convolution is None or convolution.ndim != 4),
    )
    _fill(generator, state, what)
    return generator


def fusion_from(state: State, what: str) -> PriorFusion:
    """The fusion net with these tensors. Errors as `load_fmpn`."""
    fusion = PriorFusion()
    _fill(fusion, state, what)
    return fusion


def classifier_from(state: State, what: str) -> Any:
    """The classification net its tensors tell: Inception v3, ResNet-50 or -152, DenseNet-121, or our compact one.

    Errors as `load_fmpn`.
    """
    net: Any
    if "Conv2d_1a_3x3.conv.weight" in state:
        width = state["Conv2d_1a_3x3.conv.weight"].shape[0] / FIRST_CHANNELS
        net = InceptionV3(len(_tensor(state, "fc.weight", what)), width=width)
    elif "layer1.0.conv1.weight" in state:
        blocks = RESNET152_BLOCKS if "layer3.35.conv1.weight" in state else RESNET50_BLOCKS
        net = ResidualClassifier(len(_tensor(state, "fc.weight", what)), blocks)
    elif "features.conv0.weight" in state:
        net = DenseClassifier(len(_tensor(state, "classifier.weight", what)))
    elif "pooling" in state and "stem.weight" in state:
        net = CompactClassifier(len(_tensor(state, "graph.weight", what)), backbone=backbone_of(state, what))
    else:
        raise ModelCorruptError(
            f"{what}: expected an Inception v3, ResNet-50 or -152, or DenseNet-121 with torchvision's names, "
            f"or a compact classifier, found {some_of(sorted(state))}"
        )
    _fill(net, state, what)
    return net


def _save(net: Any, name: str, folder: Path, epoch: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{epoch}_net_{name}.pth"
    torch.save(OrderedDict((key, value.cpu()) for key, value in net.state_dict().items()), path)
    return path


def _fill(net: Any, state: State, what: str) -> None:
    expected = net.state_dict()
    given = dict(state)
    if not any(name.endswith(COUNTER) for name in given):
        given.update({name: value for name, value in expected.items() if name.endswith(COUNTER)})
    require_same_tensors(given, expected, what)
    net.load_state_dict(given)
    net.eval()


def _tensor(state: State, name: str, what: str) -> Any:
    if name not in state or state[name].ndim == 0:
        raise ModelCorruptError(
            f"{what}: expected a tensor {name}, found {some_of(sorted(state))}; is it the file of another net?"
        )
    return state[name]
