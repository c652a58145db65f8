"""The loss: cross-entropy of the answers' tokens, each predicted from what stands in front of it."""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.phi3_vision.tokenizer import NOT_LEARNED
from realtime_fer.training.chain_of_affect.examples import ChainBatch
from realtime_fer.training.vlm.recipe import Precision

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error


class AnswerLoss(nn.Module):  # type: ignore[misc]
    """A micro-batch to its loss, as one module, so that it can be spread over processes.

    Args:
        model: with its adapter on.
        precision: with "bfloat16", matrices are multiplied in it; sums that need it stay in float32.

    Source: mean over the learned tokens of a micro-batch, as transformers' trainer takes it.
    """

    def __init__(self, model: Phi3Vision, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self._mixed = precision == "bfloat16"

    def forward(self, batch: ChainBatch) -> Tensor:
        """Mean cross-entropy, float32, shape (). Logits are computed only where there is something to learn."""
        with torch.autocast(device_type=self.model.device.type, dtype=torch.bfloat16, enabled=self._mixed):
            features = self.model.image_features(batch.pixel_values, batch.image_sizes)
            # No mask: rows are padded on the right, where nothing that is learned can look.
            hidden = self.model.hidden_states(self.model.embed(batch.input_ids, features))
            targets = batch.labels[:, 1:]
            learned = targets != NOT_LEARNED
            logits = self.model.logits(hidden[:, :-1][learned])
        return functional.cross_entropy(logits, targets[learned])
