"""Folders of small faces that are easy to tell apart: a mouth that is flat, up or open, under a person's own brightness."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("happy", "neutral", "surprise")
"""As folders; the second becomes "happiness"'s neighbour, the first is renamed."""

LABELS = ("happiness", "neutral", "surprise")


def face(kind: str, person: int, side: int = 40) -> np.ndarray:
    """uint8 (side, side, 3): mouth rows of `kind`."""
    rng = np.random.default_rng((person, CLASSES.index(kind)))
    picture = np.full((side, side, 3), 90 + 10 * person, np.float64)
    rows = {"happy": (28, 32), "neutral": (34, 36), "surprise": (20, 38)}[kind]
    picture[rows[0] : rows[1], 12:28] = (220, 120, 120)
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def write_folders(root: Path, people: int = 4) -> Path:
    """`root/<class>/p<person>_<class>.png`."""
    for kind in CLASSES:
        (root / kind).mkdir(parents=True)
        for person in range(people):
            Image.fromarray(face(kind, person)).save(root / kind / f"p{person}_{kind}.png")
    (root / "notes.txt").write_text("no picture")
    return root


def write_fold(root: Path, fold: int, *, classes: int = 7, first_label: int = 1) -> Path:
    """A miniature of the authors' folder: one person to test on, another with a sequence of each class, ready masks."""
    rng = np.random.default_rng(0)
    (root / "imgs").mkdir(parents=True)
    (root / "imgs_res" / str(fold)).mkdir(parents=True)
    labels: dict[str, float] = {"S009_009": -1}
    names: dict[str, list[str]] = {"train": [], "test": []}
    for index in range(classes):
        for person, part in (("S005", "train"), ("S010", "test")):
            sequence = f"{person}_{index:03d}"
            names[part].append(f"{sequence}_00000009.png")
            labels[sequence] = float(first_label + index)
            Image.fromarray(face(CLASSES[index % 3], index)).save(root / "imgs" / names[part][-1])
        mask = rng.integers(0, 256, (70, 70), dtype=np.uint8)
        Image.fromarray(mask).save(root / "imgs_res" / str(fold) / f"{index}.png")
    for part, listed in names.items():
        (root / f"{part}_ids_{fold}.csv").write_text("\n".join(listed))
    (root / "emotion_labels.pkl").write_bytes(pickle.dumps(labels, protocol=3))
    return root
