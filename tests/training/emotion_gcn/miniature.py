"""Faces for a training of seconds: grey levels that depend on the label, valence and arousal that go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_fer.datasets.affectnet import COLUMNS, LANDMARKS
from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.labels import AFFECTNET_LABELS
from realtime_fer.networks.emotion_gcn.word_embeddings import WORDS
from realtime_fer.training.emotion_gcn.recipe import EmotionGcnRecipe

AFFECT = ((0.1, -0.4), (0.9, 0.1), (-0.7, -0.6), (0.2, 0.8), (-0.3, 0.7), (-0.8, 0.3), (-0.6, 0.6))


def picture_of(label: int, number: int, side: int) -> np.ndarray:
    noise = np.random.default_rng([label, number]).integers(0, 60, (side, side), dtype=np.uint8)
    noise[side * label // 7 :] += np.uint8(120)
    return noise


def affect_of(label: int, number: int) -> tuple[float, float]:
    valence, arousal = np.clip(AFFECT[label] + np.random.default_rng([number, label]).normal(0, 0.05, 2), -1, 1)
    return round(float(valence), 3), round(float(arousal), 3)


def labelled_set(
    each: int = 8, *, side: int = 20, affect: bool = True, labels: tuple[str, ...] = AFFECTNET_LABELS, part: str = "train"
) -> LabelledSet:
    """`each` faces of every class, in memory."""
    order = [(label, number) for number in range(each) for label in range(len(labels))]
    faces = [
        LabelledFace(Path(f"{part}.npz"), label, *(None,) * 4, *(affect_of(label, number) if affect else (None, None)))
        for label, number in order
    ]
    pixels = np.stack([picture_of(label, number, side) for label, number in order])
    return LabelledSet("affectnet" if affect else "ferplus", labels, tuple(faces), pixels=pixels)


def save_affectnet_faces(folder: Path, each: int, name: str = "training.csv") -> Path:
    """A folder as AffectNet's owners distribute it, with faces of 48 pixels."""
    lines = [",".join(COLUMNS)]
    points = ";".join(f"{20 + 16 * (point // 42)};24" for point in range(LANDMARKS))
    for label in range(len(AFFECTNET_LABELS)):
        for number in range(each):
            picture = f"{label}/{name[0]}{number}.png"
            valence, arousal = affect_of(label, number)
            lines.append(f"{picture},4,4,48,48,{points},{label},{valence},{arousal}")
            path = folder / "Manually_Annotated_Images" / picture
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), picture_of(label, number, 56))
    (folder / name).write_text("\n".join(lines))
    return folder


def save_glove(path: Path, width: int = 300) -> Path:
    rng = np.random.default_rng(5)
    rows = [f"{word} " + " ".join(f"{value:.5f}" for value in rng.normal(0, 0.4, width)) for word in WORDS["affectnet"]]
    path.write_text("\n".join(rows))
    return path


def tiny_recipe(**changes: Any) -> EmotionGcnRecipe:
    settings: dict[str, Any] = {"dataset": "affectnet", "network": "bregnext", "model": "emotion_gcn", "size_px": 16}
    settings |= {"class_weights": "counts", "held_out": 0.25, "epochs": 2, "batch": 14, "learning_rate": 0.01}
    return EmotionGcnRecipe(**{**settings, **changes})
