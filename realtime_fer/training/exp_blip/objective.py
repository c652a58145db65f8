"""The loss: cross-entropy of a caption's tokens, each predicted from the face and what stands in front of it."""

from __future__ import annotations

from realtime_fer.errors import missing_extra
from realtime_fer.networks.exp_blip.losses import captioning_loss
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.training.exp_blip.examples import CaptionBatch
from realtime_fer.training.exp_blip.recipe import Precision

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("training Exp-BLIP", "vlm", error) from error

MIXED = {"float16": torch.float16, "bfloat16": torch.bfloat16}


class CaptionLoss(nn.Module):  # type: ignore[misc]
    """A micro-batch to its loss, as one module, so that it can be spread over processes.

    Args:
        model: network.
        precision: of the arithmetic; sums that need it stay in float32.
    """

    def __init__(self, model: ExpBlip, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self._mixed = MIXED.get(precision)

    def forward(self, batch: CaptionBatch) -> Tensor:
        """Mean cross-entropy, float32, shape ()."""
        enabled = self._mixed is not None
        with torch.autocast(device_type=batch.pixels.device.type, dtype=self._mixed or torch.bfloat16, enabled=enabled):
            logits = self.model(batch.pixels, batch.text_ids, batch.text_mask)
        return captioning_loss(logits.float(), batch.text_ids, batch.text_mask)
