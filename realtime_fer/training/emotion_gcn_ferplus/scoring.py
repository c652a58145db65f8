"""What trained networks say of faces, and how often they are right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import NOT_COUNTED
from realtime_fer.errors import DatasetError, missing_extra
from realtime_fer.labels import FERPLUS_LABELS

try:
    import torch
except ImportError as error:
    raise missing_extra("training an expression model", "train", error) from error

from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn
from realtime_fer.training.loop.run_files import load_checkpoint
from realtime_fer.training.loop.run_loop import Tell

SCORING_BATCH = 512


def score(model: Any, images: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.float32]:
    """Logits of faces in float32; uint8 (N, 48, 48) -> float32 (N, 8). The model is put in evaluation mode."""
    model.eval()
    batches = []
    with torch.no_grad():
        for start in range(0, len(images), SCORING_BATCH):
            faces = torch.from_numpy(images[start : start + SCORING_BATCH]).to(device).float().unsqueeze(1)
            batches.append(model(faces).float().cpu().numpy())
    return np.concatenate(batches)


def accuracy_and_recall(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """WAR and UAR, over the faces with a label that counts; nan where there is none.

    Shapes: logits (N, C), labels (N,), `NOT_COUNTED` or a class; a class without a face is left out of the UAR.
    """
    right = logits.argmax(axis=1) == labels
    counted = labels != NOT_COUNTED
    if not counted.any():
        return math.nan, math.nan
    recalls = [right[labels == label].mean() for label in range(logits.shape[1]) if (labels == label).any()]
    return float(right[counted].mean()), float(np.mean(recalls))


def network_of(checkpoint: Mapping[str, Any]) -> CompactEmotionGcn:
    """The network a checkpoint of this training holds: its moving average, in evaluation mode, float32."""
    recipe = checkpoint["recipe"]
    backbone = BACKBONES[recipe.get("backbone", "small")]
    model = CompactEmotionGcn(checkpoint["cooccurrence"].numpy(), backbone=backbone, head=recipe.get("head", "graph"))
    model.load_state_dict(checkpoint["average"])
    return model.eval()


def earlier_network(path: Path) -> CompactEmotionGcn:
    """The network of an earlier run's checkpoint.

    Raises:
        DatasetError: it is missing, or of another training.
    """
    saved = load_checkpoint(path)
    try:
        return network_of(saved)
    except (KeyError, RuntimeError) as error:
        raise DatasetError(f"{path}: expected a checkpoint of an expression training, found one of another") from error


def teachers_say(
    checkpoints: Sequence[Path], images: npt.NDArray[np.uint8], device: str, tell: Tell
) -> npt.NDArray[np.float32]:
    """Mean probabilities of trained networks for faces and their mirror images.

    Shapes: images uint8 (N, 48, 48) -> float32 (N, 8).

    Raises:
        DatasetError: a checkpoint is missing, or it is of another training.
    """
    mean = np.zeros((len(images), len(FERPLUS_LABELS)), np.float64)
    for path in checkpoints:
        tell(f"asking the teacher {path}")
        model = earlier_network(path).to(device, memory_format=torch.channels_last)
        for view in (images, np.ascontiguousarray(images[:, :, ::-1])):
            # Tens of thousands of faces: bfloat16 halves the wait, and moves a probability by less than the crowd's own doubt.
            with torch.autocast(device_type=torch.device(device).type, dtype=torch.bfloat16):
                logits = score(model, view, device)
            mean += torch.from_numpy(logits).double().softmax(dim=1).numpy()
    return (mean / (2 * len(checkpoints))).astype(np.float32)
