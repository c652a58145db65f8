"""A checkpoint of Emotion-GCN to a model folder that the service loads.

Nothing of the graph is left in it, see `onnx_graph`; the face's normalisation is part of the file. Outputs are compared with
torch before success is reported.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final, Literal

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.labels import AFFECTNET_LABELS, AFFWILD2_LABELS
from realtime_fer.networks.emotion_gcn.preprocessing import MEAN_RGB, STD_RGB
from realtime_fer.networks.emotion_gcn.word_embeddings import FILE_NAMES, find_beside, read_word_embeddings, words_of
from realtime_fer.training.exporting.calibration import fit_temperature
from realtime_fer.training.exporting.model_folder import write_model_folder
from realtime_fer.training.exporting.same_answers import largest_difference
from realtime_fer.types import FloatArray

try:
    import onnx
    import torch
except ImportError as error:
    raise missing_extra("exporting Emotion-GCN", "train", error) from error

from realtime_fer.networks.emotion_gcn.checkpoint import Checkpoint, Recognised, load_network, read_checkpoint, recognise
from realtime_fer.networks.emotion_gcn.model import INPUT_PX, BackboneName, EmotionNetwork
from realtime_fer.training.emotion_gcn.onnx_graph import folded_graph

log = logging.getLogger(__name__)

NAME: Final = "emotion-gcn"

Task = Literal["multi", "single"]
Dataset = Literal["affectnet", "affwild2"]

LABELS: Final = {"affectnet": AFFECTNET_LABELS, "affwild2": AFFWILD2_LABELS}
"""What the outputs of a checkpoint mean depends on what it was trained on, and nothing in the file says so."""

DATASET_NAMES: Final = {"affectnet": "AffectNet", "affwild2": "Aff-Wild2"}

RELATIVE_TOLERANCE: Final = 1e-4
"""Folding multiplies the same float32 numbers in another order; relative to the largest output, at least 1."""

BOX_MARGIN: Final = 0.0
"""Added around the detector's box, as a share of its longer side."""

LICENCE: Final = "LicenseRef-unknown"
LICENCE_NOTE: Final = (
    "Converted from a weight file that says nothing of its licence. The authors' repository (PanosAntoniadis/emotion-gcn) is "
    "GPL-3.0; AffectNet and Aff-Wild2 are for non-commercial research. Ask the owners before any other use."
)


OWN_LICENCE_NOTE: Final = (
    "Trained with `realtime-fer train emotion-gcn`. The terms of the faces it was trained on, and of any weights that it began "
    "with, are their owners'."
)


def export_emotion_gcn(
    weights: Path,
    out: Path,
    *,
    backbone: BackboneName | None = None,
    task: Task | None = None,
    embeddings: Path | None = None,
    dataset: Dataset | None = None,
    size_px: int | None = None,
    margin: float = BOX_MARGIN,
    version: str = "1.0",
    licence: str = LICENCE,
) -> Path:
    """Write `out/<name>.onnx` and `out/manifest.json`; each appears whole or not at all.

    Args:
        weights: checkpoint or state dictionary written by torch; opened with `weights_only=True`. One of our own training
            brings labels, size and word vectors, and held-out faces to fit a temperature on.
        backbone, task: what the file should hold; None accepts what it does. "multi" is with the graph or without.
        embeddings: word vectors of the graph's nodes; None takes those in the file, or looks for them beside it.
        dataset: what the weights were trained on: order of the labels, and of words taken from a text file; None is what
            the file says, AffectNet where it says nothing.
        size_px: side of the face; None is what the file says, else 227 for DenseNet on AffectNet, 112 otherwise.
        margin: how much is added to a detector's box on each side, as a share of its longer side.
        licence: SPDX identifier, where it is known.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError: a file is missing, among them the embeddings of a graph.
        ModelCorruptError, ModelShapeError: the tensors are not those of one of the published networks, or the file was trained
            on another set or size than asked for.
        ModelError: the exported file answers otherwise than torch does; nothing is written then.
    """
    checkpoint = read_checkpoint(weights)
    found = _as_asked(recognise(checkpoint.state, str(weights)), weights, backbone, task)
    labels = _labels(checkpoint, weights, dataset)
    size_px = _size(checkpoint, weights, found.backbone, dataset or "affectnet", size_px)
    vectors = checkpoint.word_embeddings
    if found.kind == "emotion-gcn" and (vectors is None or embeddings is not None):
        vectors = torch.from_numpy(_word_embeddings(weights, embeddings, labels))
    network = load_network(checkpoint.state, str(weights), found.backbone, found.kind, vectors, expressions=len(labels))

    def write(draft: Path) -> None:
        onnx.save(folded_graph(network, size_px), str(draft))
        log.info(
            "%s: largest relative difference of an output to torch %.2g", name, compare_with_torch(network, draft, size_px)
        )

    heads = {"emotion-gcn": "classifiers made by a label graph", "multi-task": "two linear heads", "single-task": "one head"}
    name = f"{found.kind}-{found.backbone}"
    fields = {
        "version": version,
        "task": "expression",
        "system": NAME,
        "licence": licence,
        "licence_note": LICENCE_NOTE if checkpoint.labels is None else OWN_LICENCE_NOTE,
        "description": (
            f"Emotion-GCN (Antoniadis et al., FG 2021): {found.backbone} with {heads[found.kind]}, RGB faces of {size_px} px. "
            "Says which expression is shown, not what is felt."
        ),
        "trained_on": _trained_on(checkpoint, dataset or "affectnet"),
        "labels": list(labels),
        "crop": {"size_px": size_px, "colour": "rgb", "margin": margin},
        # Published without calibration; none can be fitted without faces that training held out.
        "temperature": 1.0
        if checkpoint.held_out is None
        else round(fit_temperature(*(part.numpy() for part in checkpoint.held_out)), 4),
        "valence_arousal": None if found.kind == "single-task" else "predicted",
        "abstention": None,
    }
    return write_model_folder(out, name, write, fields)


def compare_with_torch(network: EmotionNetwork, onnx_file: Path, size_px: int) -> float:
    """Largest difference of an output to torch's, see `same_answers.largest_difference`.

    Raises:
        ModelError: it is above `RELATIVE_TOLERANCE`, not a number, or the outputs are others.
    """

    def answers(faces: FloatArray) -> list[FloatArray]:
        with torch.inference_mode():
            return [output.numpy() for output in network(_normalised(faces)) if output is not None]

    return largest_difference(onnx_file, answers, size_px, RELATIVE_TOLERANCE)


def _normalised(faces: FloatArray) -> torch.Tensor:
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN_RGB, STD_RGB))
    return (torch.from_numpy(faces) / 255 - mean) / std


def _as_asked(found: Recognised, weights: Path, backbone: BackboneName | None, task: Task | None) -> Recognised:
    if backbone is not None and backbone != found.backbone:
        raise ModelCorruptError(f"{weights}: expected the backbone {backbone}, found the tensors of {found.backbone}")
    held: Task = "single" if found.kind == "single-task" else "multi"
    if task is not None and task != held:
        raise ModelCorruptError(
            f"{weights}: expected a {task}-task network, found the tensors of {found.backbone} {found.kind}"
        )
    return found


def _labels(checkpoint: Checkpoint, weights: Path, dataset: Dataset | None) -> tuple[str, ...]:
    if checkpoint.labels is None:
        return LABELS[dataset or "affectnet"]
    if dataset is not None and LABELS[dataset] != checkpoint.labels:
        raise ModelCorruptError(
            f"{weights}: was trained on {checkpoint.dataset} with the labels {', '.join(checkpoint.labels)}, asked for "
            f"{dataset}; leave --dataset out"
        )
    return checkpoint.labels


def _size(checkpoint: Checkpoint, weights: Path, backbone: BackboneName, dataset: str, asked_px: int | None) -> int:
    trained = INPUT_PX[backbone] if checkpoint.size_px is None else (checkpoint.size_px,)
    size_px = asked_px or trained[0 if dataset == "affectnet" else -1]
    if size_px not in trained:
        raise ModelShapeError(f"{weights}: {backbone} was trained at {trained} px, asked for {size_px}")
    return size_px


def _trained_on(checkpoint: Checkpoint, dataset: str) -> str:
    if checkpoint.labels is None:
        return f"{DATASET_NAMES[dataset]}, by whoever made the weight file"
    return f"{checkpoint.faces} faces of {DATASET_NAMES.get(str(checkpoint.dataset), checkpoint.dataset)}"


def _word_embeddings(weights: Path, embeddings: Path | None, labels: tuple[str, ...]) -> FloatArray:
    path = embeddings or find_beside(weights)
    if path is None:
        raise ModelNotFoundError(
            f"{weights}: an Emotion-GCN needs the word embeddings it was trained with, which no checkpoint holds; "
            f"give --embeddings, or put one of {', '.join(FILE_NAMES)} beside it"
        )
    return read_word_embeddings(path, words=words_of(labels))
