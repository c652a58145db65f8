"""Where a classifier fails on a labelled data set, as pictures: of each class, the faces it is surest to see otherwise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.evaluation.contact_sheet import COLUMNS, Section, Tile, write_contact_sheet
from realtime_fer.evaluation.ferplus_failures import WRONG_ANSWERS_FILE, surest_wrong_answers
from realtime_fer.evaluation.labelled_protocol import LabelledRun

FACES_PER_CLASS = 2 * COLUMNS


def write_labelled_failures(out: Path, data: LabelledSet, run: LabelledRun) -> Path:
    """Write `wrong-answers.png` to a folder, made when absent: the surest wrong answers of each class first.

    Raises:
        DatasetError: a picture cannot be read, or `out` cannot be written.
    """
    sections = []
    for index, name in enumerate(run.report.classes):
        wrong = surest_wrong_answers(run.probabilities, run.labels, index)
        total = int((run.labels == index).sum())
        tiles = [_tile(data, run, int(position)) for position in wrong[:FACES_PER_CLASS]]
        sections.append(Section(f"{name}: {len(wrong)} of {total} seen otherwise, the surest first", tiles))
    return write_contact_sheet(out / WRONG_ANSWERS_FILE, sections)


def _tile(data: LabelledSet, run: LabelledRun, position: int) -> Tile:
    row = int(run.rows[position])
    seen = int(run.probabilities[position].argmax())
    # Faces of one array file all have its name.
    where = f"face {row}" if data.pixels is not None else data.faces[row].picture.name
    bgr = np.asarray(cv2.cvtColor(data.read(row), cv2.COLOR_RGB2BGR), np.uint8)
    return Tile(bgr, (f"seen as {run.report.classes[seen]}, {run.probabilities[position, seen]:.2f}", where))
