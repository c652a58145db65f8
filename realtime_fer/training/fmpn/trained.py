"""Trained FMPN weights, whoever trained them: our checkpoints, or the authors' files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_fer.errors import DatasetError, ModelCorruptError, ModelNotFoundError
from realtime_fer.networks.fmpn.checkpoint import fmpn_from, load_fmpn
from realtime_fer.networks.fmpn.model import Fmpn
from realtime_fer.networks.fmpn.motion_mask_generator import FACE_SIZE_PX
from realtime_fer.networks.fmpn.weight_files import NETS, read_state
from realtime_fer.networks.state_dict import State
from realtime_fer.training.loop.run_files import CHECKPOINT_NAME, load_checkpoint


@dataclass(frozen=True, slots=True)
class Trained:
    """A whole FMPN, and what is known of it.

    Attributes:
        size_px: side of its faces.
        labels: of its outputs; None where the files do not say.
        held_out: logits (N, C) and classes (N,) of faces its training never saw; None where there are none.
        epochs: of the second stage; None where the files do not say.
        whole_faces: its training showed whole face pictures, not crops of them.
        grey_faces: its training had no colour.
        has_mask: its mask is drawn; False for a training without one, where it is all ones.
    """

    model: Fmpn
    size_px: int
    labels: tuple[str, ...] | None = None
    held_out: tuple[Any, Any] | None = None
    epochs: int | None = None
    whole_faces: bool = False
    grey_faces: bool = False
    has_mask: bool = True


def load_trained(weights: Path, *, epoch: str | None = None, size_px: int | None = None) -> Trained:
    """Read a checkpoint of the second stage (`last.pt` or its folder), or the authors' files, see `networks.fmpn.checkpoint`.

    Args:
        size_px: of faces, for files that do not tell it; None is 299.

    Raises:
        ModelNotFoundError: there is nothing of the kind.
        ModelCorruptError, ModelShapeError: tensors are missing, unexpected or of another shape; a file is something else.
    """
    if weights.is_dir() and epoch is None and (weights / CHECKPOINT_NAME).is_file():
        weights = weights / CHECKPOINT_NAME
    if weights.suffix != ".pt":
        size = size_px or FACE_SIZE_PX
        return Trained(load_fmpn(weights, epoch=epoch, size_px=size), size)
    saved = _checkpoint(weights)
    if saved["recipe"].get("stage") != "classifier":
        raise ModelCorruptError(
            f"{weights}: expected a checkpoint of FMPN's second stage, found one of another training; "
            "train with --stage classifier first"
        )
    size = saved["recipe"]["size_px"]
    one_cycle = saved["recipe"].get("schedule") == "one-cycle"
    model = fmpn_from(split_states(saved.get("average", saved["model"])), {net: f"{weights} net_{net}" for net in NETS}, size)
    held_out = (saved["held_out_logits"], saved["held_out_labels"]) if "held_out_logits" in saved else None
    return Trained(
        model,
        size,
        tuple(saved["labels"]),
        held_out,
        saved["epoch"],
        whole_faces=one_cycle,
        grey_faces=saved.get("grey_faces", one_cycle),
        has_mask=not saved["recipe"].get("without_mask", False),
    )


def load_generator_state(path: Path) -> State:
    """The mask generator's tensors: of a checkpoint of either stage, or of a `<epoch>_net_resface.pth` file.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is something else.
    """
    if path.suffix != ".pt":
        return read_state(path)
    saved = _checkpoint(path)
    state: State = saved.get("average", saved["model"])
    return split_states(state)["resface"] if saved["recipe"].get("stage") == "classifier" else state


def split_states(state: State) -> dict[str, State]:
    """The tensors of a whole `Fmpn`, by net."""
    prefixes = {net: f"net_{net}." for net in NETS}
    return {
        net: {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        for net, prefix in prefixes.items()
    }


def _checkpoint(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected a checkpoint of an FMPN training, found none")
    try:
        saved = load_checkpoint(path)
    except DatasetError as error:
        raise ModelCorruptError(f"{path}: expected a checkpoint of an FMPN training, found another file") from error
    if not isinstance(saved["recipe"], dict) or "stage" not in saved["recipe"] or "model" not in saved:
        raise ModelCorruptError(f"{path}: expected a checkpoint of an FMPN training, found one of another training")
    return saved
