"""How Phi-3.5-vision reads a micro-batch, for the loss of its answers."""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.training.chain_of_affect.examples import ChainBatch
from realtime_fer.training.vlm.answer_loss import AnswerLoss

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("fine-tuning Chain-of-Affect", "vlm", error) from error


class ChainLoss(AnswerLoss):
    """Of `networks.phi3_vision`."""

    def hidden_states(self, batch: ChainBatch) -> Tensor:
        features = self.model.image_features(batch.pixel_values, batch.image_sizes)
        # No mask: rows are padded on the right, where nothing that is learned can look.
        hidden: Tensor = self.model.hidden_states(self.model.embed(batch.input_ids, features))
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.model.logits(hidden)
        return logits
