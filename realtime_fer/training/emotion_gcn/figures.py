"""Figures of a network on faces it does not learn from: recognition, agreement of valence and arousal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import missing_extra
from realtime_fer.evaluation.affect_metrics import concordance
from realtime_fer.evaluation.metrics import accuracy, mean_recall
from realtime_fer.training.emotion_gcn.batches import Batch, normalised

try:
    import torch
except ImportError as error:
    raise missing_extra("training Emotion-GCN", "train", error) from error


class Answers(NamedTuple):
    """What a network said of N faces, and what is right.

    Attributes:
        logits: float32 (N, E).
        labels: int64 (N,).
        valence_arousal: said and right, each float64 (N, 2); None of a single-task network.
    """

    logits: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    valence_arousal: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None


def answers_of(network: Any, batches: Iterable[Batch], device: Any) -> Answers:
    """Run a network over batches; it is left in evaluation mode."""
    network.eval()
    logits, labels, said, right = [], [], [], []
    with torch.no_grad():
        for batch in batches:
            outputs = network(normalised(batch["images"].to(device)))
            logits.append(outputs.logits.float().cpu().numpy())
            labels.append(batch["labels"].numpy())
            if outputs.valence_arousal is not None:
                said.append(outputs.valence_arousal.double().cpu().numpy())
                right.append(batch["affect"].numpy())
    affect = (np.concatenate(said), np.concatenate(right)) if said else None
    return Answers(np.concatenate(logits), np.concatenate(labels), affect)


def figures_of(answers: Answers, prefix: str) -> dict[str, float]:
    """`<prefix>_war`, `<prefix>_uar` and, where the network gives them, `<prefix>_ccc_valence` and `<prefix>_ccc_arousal`.

    The concordance is Lin's, not the mixture of moments that the loss is made of.
    """
    figures = {
        f"{prefix}_war": accuracy(answers.logits, answers.labels),
        f"{prefix}_uar": mean_recall(answers.logits, answers.labels),
    }
    if answers.valence_arousal is not None and len(answers.labels) > 1:
        said, right = answers.valence_arousal
        for column, name in enumerate(("valence", "arousal")):
            figures[f"{prefix}_ccc_{name}"] = concordance(said[:, column], right[:, column])
    return figures
