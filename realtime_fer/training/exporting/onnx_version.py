"""The form of ONNX that exports are written in."""

from __future__ import annotations

from typing import Final

OPSET: Final = 17
"""Has every operator the networks need."""

IR_VERSION: Final = 8
"""Read by ONNX Runtime 1.18, the oldest one supported."""
