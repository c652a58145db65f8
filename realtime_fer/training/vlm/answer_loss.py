"""The loss of answers: cross-entropy of their tokens, each predicted from what stands in front of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.training.vlm.recipe import Precision

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training a vision-language model", "vlm", error) from error

NOT_LEARNED = -100
"""Label of a token that is read but not learned: of a question, a picture or padding."""


class AnswerLoss(nn.Module, ABC):  # type: ignore[misc]
    """A micro-batch to its loss, as one module, so that it can be spread over processes; each model says how it reads one.

    Args:
        model: with its adapters on.
        precision: with "bfloat16", matrices are multiplied in it; sums that need it stay in float32.

    Source: mean over the learned tokens of a micro-batch, as transformers' trainer takes it.
    """

    def __init__(self, model: Any, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self._mixed = precision == "bfloat16"

    @abstractmethod
    def hidden_states(self, batch: Any) -> Tensor:
        """What the decoder makes of a micro-batch of N rows of T tokens, (N, T, D)."""

    @abstractmethod
    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (M, D) -> (M, V)."""

    def forward(self, batch: Any) -> Tensor:
        """Mean cross-entropy, float32, shape (). Logits are computed only where there is something to learn.

        Args:
            batch: with `labels`, int64 (N, T): tokens, or `NOT_LEARNED`.
        """
        with torch.autocast(device_type=batch.labels.device.type, dtype=torch.bfloat16, enabled=self._mixed):
            hidden = self.hidden_states(batch)
            targets = batch.labels[:, 1:]
            learned = targets != NOT_LEARNED
            logits = self.logits(hidden[:, :-1][learned])
        return functional.cross_entropy(logits.float(), targets[learned])
