"""What FaceLite learns from: which cells answer for which face, and how wrong they are.

The cells of a face are those that already predict it best ("task-aligned" assignment, Feng et al., ICCV 2021), and a
cell's target score is how well its box fits, so that the surest box is the best one. Scores are judged by binary
cross-entropy, boxes by generalised IoU (Rezatofighi et al., CVPR 2019).
"""

from __future__ import annotations

from typing import NamedTuple

from realtime_fer.errors import missing_extra

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ImportError as error:
    raise missing_extra("training FaceLite", "train", error) from error

from realtime_fer.networks.face_lite import Predictions

CELLS_PER_FACE = 10
SCORE_POWER = 0.5
OVERLAP_POWER = 6.0
"""A cell's alignment with a face is score ** 0.5 * IoU ** 6."""

REACH_PX = 8.0
"""A cell may answer for a face if its centre is inside the box, or nearer than this to the face's centre: the box of
a very small face may hold no centre at all."""

BOX_WEIGHT = 2.0
"""Of the box loss, against 1 of the score loss."""

TINY = 1e-9


class FaceLiteLoss(NamedTuple):
    """Parts of the loss, each a scalar, and the mean IoU of the cells that answer for a face."""

    total: Tensor
    score: Tensor
    box: Tensor
    overlap: Tensor


def face_lite_loss(found: Predictions, faces_xyxy: Tensor, is_face: Tensor) -> FaceLiteLoss:
    """Loss of a batch.

    Shapes: N pictures, A cells, M faces on the fullest picture.

    Args:
        faces_xyxy: pixels of the input, float32 (N, M, 4), padded with anything; M may be 0.
        is_face: bool (N, M), false where padded.
    """
    if not faces_xyxy.shape[1]:
        # One that is only padding, so that what follows has something to point at.
        faces_xyxy, is_face = faces_xyxy.new_zeros(len(faces_xyxy), 1, 4), is_face.new_zeros(len(faces_xyxy), 1)
    with torch.no_grad():
        targets, matched = assign_cells(found, faces_xyxy, is_face)
    # Pictures without faces must not divide by zero, nor rare faces weigh more than a whole one.
    amount = targets.sum().clamp(min=1.0)
    score = functional.binary_cross_entropy_with_logits(found.logits, targets, reduction="sum") / amount
    chosen = targets > 0
    wanted = torch.gather(faces_xyxy, 1, matched[..., None].expand(-1, -1, 4))[chosen]
    overlap, generalised = paired_iou(found.boxes_xyxy[chosen], wanted)
    box = ((1 - generalised) * targets[chosen]).sum() / amount
    return FaceLiteLoss(score + BOX_WEIGHT * box, score, box, overlap.detach().sum() / max(1, len(wanted)))


def assign_cells(found: Predictions, faces_xyxy: Tensor, is_face: Tensor) -> tuple[Tensor, Tensor]:
    """Target score (N, A), 0 where a cell answers for no face, and the face it answers for, int64 (N, A).

    A face gets at most `CELLS_PER_FACE` cells; a cell wanted by two goes to the one it overlaps more. M is at least 1.
    """
    count = faces_xyxy.shape[1]
    overlap, _ = paired_iou(found.boxes_xyxy[:, None], faces_xyxy[:, :, None])
    near = _cells_in_reach(found.centres_xy, faces_xyxy) & is_face[..., None]
    aligned = found.logits.sigmoid()[:, None] ** SCORE_POWER * overlap**OVERLAP_POWER + TINY
    aligned = aligned * near
    best, places = aligned.topk(min(CELLS_PER_FACE, aligned.shape[2]), dim=2)
    candidate = torch.zeros_like(aligned).scatter_(2, places, (best > 0).to(aligned.dtype)) > 0
    claimed = torch.where(candidate, overlap + TINY, torch.zeros_like(overlap))
    matched = claimed.argmax(dim=1)
    candidate &= matched[:, None] == torch.arange(count, device=matched.device)[None, :, None]
    aligned = aligned * candidate
    # The best cell of a face is told its IoU; the others less, in the ratio of their alignment.
    scale = (overlap * candidate).amax(dim=2) / aligned.amax(dim=2).clamp(min=TINY)
    return (aligned * scale[..., None]).amax(dim=1), matched


def paired_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of boxes (..., 4) paired with boxes (..., 4), both (...)."""
    inner = torch.minimum(a_xyxy[..., 2:], b_xyxy[..., 2:]) - torch.maximum(a_xyxy[..., :2], b_xyxy[..., :2])
    outer = torch.maximum(a_xyxy[..., 2:], b_xyxy[..., 2:]) - torch.minimum(a_xyxy[..., :2], b_xyxy[..., :2])
    shared = inner.clamp(min=0).prod(dim=-1)
    joint = _area(a_xyxy) + _area(b_xyxy) - shared
    iou = shared / joint.clamp(min=TINY)
    hull = outer.prod(dim=-1).clamp(min=TINY)
    return iou, iou - (hull - joint) / hull


def _cells_in_reach(centres_xy: Tensor, faces_xyxy: Tensor) -> Tensor:
    """bool (N, M, A)."""
    low, high = faces_xyxy[:, :, None, :2], faces_xyxy[:, :, None, 2:]
    inside = ((centres_xy > low) & (centres_xy < high)).all(dim=-1)
    near = ((centres_xy - (low + high) / 2).abs() < REACH_PX).all(dim=-1)
    return inside | near


def _area(boxes_xyxy: Tensor) -> Tensor:
    return (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).clamp(min=0).prod(dim=-1)
