"""How ExpLLM reads a micro-batch, for the loss of its answers."""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.model import positions_of
from realtime_fer.training.expllm.examples import ExpLlmBatch
from realtime_fer.training.vlm.answer_loss import AnswerLoss

try:
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error


class ExpLlmLoss(AnswerLoss):
    """Of `networks.expllm`."""

    def hidden_states(self, batch: ExpLlmBatch) -> Tensor:
        images = self.model.image_embeddings(batch.pixel_values)
        hidden: Tensor = self.model.language.model(
            inputs_embeds=self.model.embed(batch.input_ids, images),
            attention_mask=batch.attention_mask,
            position_ids=positions_of(batch.attention_mask),
            use_cache=False,
        ).last_hidden_state
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.model.language.lm_head(hidden)
        return logits
