"""Where an expression classifier fails, as pictures: of each class, the faces it is surest to see otherwise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import NOT_COUNTED, majority_labels
from realtime_fer.datasets.ferplus_files import read_ferplus
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.contact_sheet import COLUMNS, Section, Tile, write_contact_sheet
from realtime_fer.evaluation.ferplus_protocol import PROTOCOL, classify_images
from realtime_fer.labels import FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS

WRONG_ANSWERS_FILE = "wrong-answers.png"

FACES_PER_CLASS = 2 * COLUMNS
TILE_PX = 192
"""Four times the faces' 48 pixels, so that each of them is a square of its own."""

VOTES_SHOWN = 2


def write_ferplus_failures(
    out: Path, model: Path, data: Path, *, size_px: int = 48, temperature: float = 1.0, intra_op_threads: int = 1
) -> Path:
    """Write `wrong-answers.png`: faces that count under the majority protocol, the surest wrong answers of each class first.

    Args:
        out: folder, made when absent.
        model, data, size_px, temperature, intra_op_threads: as `ferplus_protocol.evaluate_ferplus`.

    Returns:
        The file.

    Raises:
        DatasetError: `data` cannot be used, or `out` cannot be written.
        ModelNotFoundError, ModelCorruptError, ModelShapeError: the model cannot be used.
    """
    faces = read_ferplus(data, "test")
    labels = majority_labels(faces.votes)
    counted = labels != NOT_COUNTED
    if not counted.any():
        raise DatasetError(f"{data}: expected faces that count under {PROTOCOL}, found none among {len(faces)}")
    images, votes, labels = faces.images[counted], faces.votes[counted], labels[counted]
    probabilities = classify_images(model, images, size_px=size_px, temperature=temperature, intra_op_threads=intra_op_threads)
    sections = []
    for index, name in enumerate(FERPLUS_LABELS):
        wrong = surest_wrong_answers(probabilities, labels, index)
        tiles = [_tile(images[i], votes[i], probabilities[i]) for i in wrong[:FACES_PER_CLASS]]
        total = int((labels == index).sum())
        sections.append(Section(f"{name}: {len(wrong)} of {total} seen otherwise, the surest first", tiles))
    return write_contact_sheet(out / WRONG_ANSWERS_FILE, sections, tile_px=TILE_PX)


def surest_wrong_answers(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], label: int
) -> npt.NDArray[np.intp]:
    """Rows of one class whose most probable class is another, by falling probability of that.

    Shapes: probabilities (N, C), labels (N,) in 0..C-1.
    """
    wrong = np.flatnonzero((labels == label) & (probabilities.argmax(axis=1) != label))
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def _tile(image: npt.NDArray[np.uint8], votes: npt.NDArray[np.uint8], probabilities: npt.NDArray[np.floating]) -> Tile:
    seen = int(probabilities.argmax())
    most = [i for i in np.argsort(-votes.astype(int), kind="stable")[:VOTES_SHOWN] if votes[i]]
    crowd = [f"{votes[i]} of {votes.sum()} said {FERPLUS_VOTE_COLUMNS[i].replace('_', ' ')}" for i in most]
    bgr = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return Tile(bgr, (f"seen as {FERPLUS_LABELS[seen]}, {probabilities[seen]:.2f}", *crowd))
