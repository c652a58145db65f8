"""What FMPN's training minimises: a mask like the pseudo mask, and the right class."""

from __future__ import annotations

from typing import NamedTuple

from realtime_fer.errors import missing_extra

try:
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training FMPN", "train", error) from error

MASK_WEIGHT = 0.1
"""Of the mask in the joint loss, as in the authors' code and published commands. The paper is quoted with 10."""

PAPER_MASK_WEIGHT = 10.0


class JointLoss(NamedTuple):
    """Scalars; `total` is cross-entropy plus the weighted squared error, the parts are not weighted."""

    total: Tensor
    cross_entropy: Tensor
    mask_error: Tensor


def mask_loss(mask: Tensor, pseudo_mask: Tensor) -> Tensor:
    """Mean squared error over all pixels; both (N, 1, S, S) in [0, 1]."""
    return functional.mse_loss(mask, pseudo_mask)


def joint_loss(
    logits: Tensor, classes: Tensor, mask: Tensor, pseudo_mask: Tensor, mask_weight: float = MASK_WEIGHT
) -> JointLoss:
    """Loss of the second stage: logits (N, C), classes int64 (N,), masks as `mask_loss`."""
    cross_entropy = functional.cross_entropy(logits, classes)
    error = mask_loss(mask, pseudo_mask)
    return JointLoss(cross_entropy + mask_weight * error, cross_entropy, error)
