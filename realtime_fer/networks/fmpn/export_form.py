"""FMPN as the running service calls it: one picture of 0..255 in, logits and mask out."""

from __future__ import annotations

from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.networks.fmpn.model import Fmpn

try:
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra("FMPN", "train", error) from error

GREY_WEIGHTS = (19595.0, 38470.0, 7471.0)
"""0.299, 0.587 and 0.114 in 65536ths. Sums of whole 8-bit numbers stay below 2^24 and so are exact in float32."""

GREY_SCALE = 65536.0


class FmpnForExport(nn.Module):  # type: ignore[misc]
    """Logits (N, C) and, if wanted, mask (N, 1, S, S) of faces (N, 3, S, S), RGB 0..255.

    `model` is used up: its instance norms become what they are in evaluation mode.

    Args:
        with_mask: give the mask too.
        grey_faces: it was trained on grey pictures, so that the colour face is the grey one three times.
    """

    def __init__(self, model: Fmpn, *, with_mask: bool = True, grey_faces: bool = False) -> None:
        super().__init__()
        _fix_instance_norms(model)
        self.model = model.eval()
        self.with_mask = with_mask
        self.grey_faces = grey_faces
        self.register_buffer("grey_weights", torch.tensor(GREY_WEIGHTS)[:, None, None], persistent=False)

    def forward(self, faces: Tensor) -> Any:
        grey = self.grey(faces) / 255
        output = self.model(grey.expand(-1, 3, -1, -1) if self.grey_faces else faces / 255, grey)
        return (output.logits, output.mask) if self.with_mask else output.logits

    def grey(self, faces: Tensor) -> Tensor:
        """Whole grey levels 0..255, (N, 1, S, S), of whole colour levels (N, 3, S, S): ITU-R BT.601 luma, rounded.

        The same as Pillow's conversion to "L", with which FMPN's training makes its grey faces.
        """
        luma = (faces * self.grey_weights).sum(dim=1, keepdim=True)
        return torch.floor((luma + GREY_SCALE / 2) / GREY_SCALE)


def _fix_instance_norms(module: Any) -> None:
    """Replace instance norms by batch norms of the same running statistics.

    In evaluation mode both are the same, but ONNX knows only instance norms that use the picture's own statistics.
    """
    for name, child in module.named_children():
        if isinstance(child, nn.InstanceNorm2d):
            norm = nn.BatchNorm2d(child.num_features, eps=child.eps, affine=False)
            norm.load_state_dict(child.state_dict())
            setattr(module, name, norm.eval())
        else:
            _fix_instance_norms(child)
