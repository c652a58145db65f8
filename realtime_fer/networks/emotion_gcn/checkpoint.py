"""Recognise a published checkpoint and load it strictly.

A checkpoint is what `torch.save` made of {epoch, model_state_dict, optimizer_state_dict}; a bare state dictionary is read as
well. Our own training writes the same, and beside it what no tensor tells. Files are opened with `weights_only=True`: nothing
in them is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.emotion_gcn.label_graph import EXPRESSIONS
from realtime_fer.networks.emotion_gcn.model import BackboneName, EmotionNetwork, Kind, build_network
from realtime_fer.networks.state_dict import load_plain, require_same_tensors, require_state
from realtime_fer.networks.tensor_shapes import some_of

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Emotion-GCN weights", "train", error) from error

STATE_KEY = "model_state_dict"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Which network a state dictionary belongs to, by the names in it."""

    backbone: BackboneName
    kind: Kind


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Tensors, and what our own training says of them; None throughout for the authors' files.

    Attributes:
        state: by name, on the CPU.
        dataset: one of `datasets.choose.NAMES`.
        labels: E names of ours, in the order of the outputs.
        size_px: side of the face.
        faces: how many were learned from.
        word_embeddings: float32 (E + 2, 300); None also without a graph.
        held_out: logits (N, E) and labels (N,) of faces that were not learned from; None also where there were none.
    """

    state: dict[str, Tensor]
    dataset: str | None = None
    labels: tuple[str, ...] | None = None
    size_px: int | None = None
    faces: int | None = None
    word_embeddings: Tensor | None = None
    held_out: tuple[Tensor, Tensor] | None = None


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, see `read_checkpoint`."""
    return read_checkpoint(path).state


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint, the authors' or our own.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is no torch file, needs code to be read, or holds no tensors by name.
    """
    saved = load_plain(path, "a checkpoint of Emotion-GCN")
    state = saved.get(STATE_KEY, saved) if isinstance(saved, Mapping) else saved
    tensors = require_state(state, path, "a checkpoint of Emotion-GCN")
    if not {"recipe", "labels", "size_px"} <= saved.keys():
        return Checkpoint(tensors)
    held_out = (saved["held_out_logits"], saved["held_out_labels"]) if "held_out_logits" in saved else None
    return Checkpoint(
        state=tensors,
        dataset=saved["recipe"]["dataset"],
        labels=tuple(saved["labels"]),
        size_px=saved["size_px"],
        faces=saved["faces"],
        word_embeddings=saved.get("word_embeddings"),
        held_out=held_out,
    )


def recognise(state: Mapping[str, Any], what: str) -> Recognised:
    """Backbone and heads, from tensor names.

    Args:
        state: tensors by name.
        what: the file, for the message.

    Raises:
        ModelCorruptError: no published network has such names.
    """

    def starts(*prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in state)

    graph = starts("gc1.", "gc2.")
    if starts("features.", "model_base."):
        multi = starts("lin_cat.", "lin_cont.", "model_base.")
        return Recognised("densenet121", "emotion-gcn" if graph else "multi-task" if multi else "single-task")
    if starts("_model.", "model._model."):
        multi = starts("fc_cat.", "fc_cont.")
        return Recognised("bregnext50", "emotion-gcn" if graph else "multi-task" if multi else "single-task")
    raise ModelCorruptError(
        f"{what}: expected the tensors of an Emotion-GCN network (features.* or _model.*), found {some_of(sorted(state))}"
    )


def load_network(
    state: Mapping[str, Tensor],
    what: str,
    backbone: BackboneName,
    kind: Kind,
    word_embeddings: Tensor | None = None,
    *,
    expressions: int = EXPRESSIONS,
) -> EmotionNetwork:
    """The network filled with `state`, in evaluation mode; the graph's A comes from there, too.

    Args:
        state: every tensor of the network and no other.
        what: the file, for messages.
        backbone, kind: as `recognise` says, or as the user does.
        word_embeddings: float32 (E + 2, 300); needed by "emotion-gcn".
        expressions: E; 7 as published.

    Raises:
        ModelCorruptError, ModelShapeError: the tensors are not those of the network; names and shapes are told.
        ShapeError: embeddings are missing or of another shape.
    """
    network = build_network(backbone, kind, word_embeddings=word_embeddings, expressions=expressions)
    require_same_tensors(state, network.state_dict(), f"{what} as {backbone} {kind}")
    network.load_state_dict(dict(state))
    return network.eval()
