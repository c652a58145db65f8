"""The loss: cross-entropy of the answers' tokens, each predicted from what stands in front of it."""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.model import NOT_LEARNED, ExpLlm, positions_of
from realtime_fer.training.expllm.examples import ExpLlmBatch
from realtime_fer.training.vlm.recipe import Precision

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training ExpLLM", "vlm", error) from error


class AnswerLoss(nn.Module):  # type: ignore[misc]
    """A micro-batch to its loss, as one module, so that it can be spread over processes.

    Args:
        model: with its adapters.
        precision: with "bfloat16", matrices are multiplied in it; sums that need it stay in float32.

    Source: mean over the learned tokens of a micro-batch, as transformers' trainer takes it.
    """

    def __init__(self, model: ExpLlm, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self._mixed = precision == "bfloat16"

    def forward(self, batch: ExpLlmBatch) -> Tensor:
        """Mean cross-entropy, float32, shape (). Logits are computed only where there is something to learn."""
        with torch.autocast(device_type=batch.input_ids.device.type, dtype=torch.bfloat16, enabled=self._mixed):
            images = self.model.image_embeddings(batch.pixel_values)
            hidden = self.model.language.model(
                inputs_embeds=self.model.embed(batch.input_ids, images),
                attention_mask=batch.attention_mask,
                position_ids=positions_of(batch.attention_mask),
                use_cache=False,
            ).last_hidden_state
            targets = batch.labels[:, 1:]
            learned = targets != NOT_LEARNED
            logits = self.model.language.lm_head(hidden[:, :-1][learned])
        return functional.cross_entropy(logits.float(), targets[learned])
