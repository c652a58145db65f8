"""A network from the authors' files.

Names and shapes are compared before any weight is read, so that a wrong file is known at once. Tensors are then read, placed
and cast one at a time: files of torch are mapped, not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX, WITHOUT_WEIGHTS, Place, places
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes
from realtime_fer.networks.exp_blip.stage_one import ExpBlipStageOne
from realtime_fer.networks.exp_blip.weight_files import mapped_state, opt_files, opt_state
from realtime_fer.networks.tensor_shapes import require_shapes

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

TIED: Final = {
    ExpBlip: {"blip.language_model.lm_head.weight": "blip.language_model.model.decoder.embed_tokens.weight"},
    ExpBlipStageOne: {
        "writing_head.decoder.weight": "blip.embeddings.word_embeddings.weight",
        "writing_head.decoder.bias": "writing_head.bias",
    },
}
"""Second names of a tensor, and the first; files may hold both, which must then be equal."""

HALF_PARTS: Final = ("blip.vision_model.", "blip.language_model.", "blip.language_projection.")
FLOAT32_PARTS: Final = ("blip.vision_model.post_layernorm.",)
"""The Q-Former and its queries are small and stay in float32, like the norm before them."""


def load_exp_blip(
    path: Path,
    opt: Path | None = None,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    sizes: ExpBlipSizes = PUBLISHED,
    attention: str = "sdpa",
) -> ExpBlip:
    """The captioning network, from a file of the second stage.

    Args:
        path: exp_blip_vitg_opt6.7b_trimmed.pth, its AU-BLIP or Emot-BLIP twin, or a checkpoint of the training.
        opt: folder of facebook/opt-6.7b; needed where `path` has no OPT, and ignored where it has.
        dtype: of image encoder and language model; the Q-Former stays in float32.
        device: where the weights go.
        sizes, attention: as for `ExpBlip`.

    Raises:
        ModelNotFoundError: a file is missing.
        ModelCorruptError: a file cannot be read, or tensors are missing or left over.
        ModelShapeError: a tensor has another shape.
    """
    state, _ = whole_state(path, opt)
    with torch.device("meta"):
        model = ExpBlip(sizes, attention)

    fill(model, state, str(path), torch.device(device), lambda name: part_type(name, dtype))
    return model


def whole_state(path: Path, opt: Path | None) -> tuple[dict[str, Tensor], list[Path]]:
    """The tensors of a file of the second stage, with OPT's from elsewhere where it has none; and the files they are in.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_exp_blip`.
    """
    state = mapped_state(path)
    if any(name.startswith(OPT_PREFIX) for name in state):
        return state, [path]
    if opt is None:
        raise ModelCorruptError(f"{path}: holds no language model (no {OPT_PREFIX}*); name a folder of facebook/opt-6.7b too")
    return {**state, **opt_state(opt)}, [path, *opt_files(opt)]


def part_type(name: str, dtype: torch.dtype) -> torch.dtype:
    """The type one of our tensors has when image encoder and language model have `dtype`."""
    return dtype if name.startswith(HALF_PARTS) and not name.startswith(FLOAT32_PARTS) else torch.float32


def load_stage_one(
    path: Path, *, device: torch.device | str = "cpu", sizes: ExpBlipSizes = PUBLISHED, attention: str = "sdpa"
) -> ExpBlipStageOne:
    """The network of the first stage, in float32.

    Args:
        path: a checkpoint of the first stage.
        device, sizes, attention: as for `load_exp_blip`.

    Raises:
        ModelNotFoundError, ModelCorruptError, ModelShapeError: as `load_exp_blip`.
    """
    with torch.device("meta"):
        model = ExpBlipStageOne(sizes, attention)
    fill(model, mapped_state(path), str(path), torch.device(device), lambda _name: torch.float32)
    model.blip.embeddings.position_ids = torch.arange(sizes.bert_positions, device=device)[None]
    return model


def fill(
    model: nn.Module,
    state: Mapping[str, Tensor],
    what: str,
    device: torch.device,
    type_of: Callable[[str], torch.dtype],
) -> None:
    """Put every tensor of a file in its place, and the model in evaluation mode.

    Args:
        model: ours, of either stage; its own values are given up.
        state: tensors by published name.
        what: the file, for messages.
        device: where they go.
        type_of: the type each of our tensors shall have.

    Raises:
        ModelCorruptError: names are missing or left over, or a tensor's two names hold different values.
        ModelShapeError: a shape differs.
    """
    tied = TIED[type(model)]
    needed = required_places(model)
    require_same(state, needed, tied, what)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    for name, value in placed(state, needed, shapes):
        set_tensor(model, name, value.to(device, type_of(name)))
    for second, first in tied.items():
        set_tensor(model, second, model.get_parameter(first))
    model.eval()


def required_places(model: nn.Module) -> dict[str, Place]:
    """Every tensor that a file must hold for this model, by published name."""
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return places(shapes, TIED[type(model)])


def require_same(state: Mapping[str, Tensor], needed: Mapping[str, Place], tied: Mapping[str, str], what: str) -> None:
    """Raise unless a file has all names, no others, and the right shapes.

    Raises:
        ModelCorruptError, ModelShapeError: as `fill`.
    """
    twins = {theirs: first for second, first in tied.items() for theirs in places({second: ()})}
    found = {
        name: tuple(value.shape)
        for name, value in state.items()
        if name in needed or (name not in twins and not WITHOUT_WEIGHTS.match(name))
    }
    expected = {name: place.shape for name, place in needed.items()}
    require_shapes(found, expected, what, is_it="is it a file of this stage?")
    by_name = {place.name: theirs for theirs, place in needed.items()}
    for theirs, first in twins.items():
        if theirs in state and not torch.equal(state[theirs], state[by_name[first]]):
            raise ModelCorruptError(f"{what}: {theirs} and {by_name[first]} are one tensor in this network, found two values")


def placed(
    state: Mapping[str, Tensor], needed: Mapping[str, Place], shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, Tensor]]:
    """Our tensors one after the other, by our names; the thirds of a bias that are stored apart are joined."""
    sources: dict[str, list[tuple[str, Place]]] = {}
    for theirs, place in needed.items():
        sources.setdefault(place.name, []).append((theirs, place))
    for name, parts in sources.items():
        if parts[0][1].part is None:
            yield name, state[parts[0][0]]
            continue
        joined = torch.zeros(shapes[name], dtype=state[parts[0][0]].dtype)
        for theirs, place in parts:
            if place.part is not None:
                joined.unflatten(0, (3, -1))[place.part] = state[theirs]
        yield name, joined


def set_tensor(model: nn.Module, name: str, value: Tensor) -> None:
    """Put a tensor under a name of the model, as a parameter that is not learned."""
    owner, _, last = name.rpartition(".")
    kept = value if isinstance(value, nn.Parameter) else nn.Parameter(value, requires_grad=False)
    setattr(model.get_submodule(owner), last, kept)
