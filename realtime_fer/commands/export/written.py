"""What an export says of the model folder it wrote: not every weight file holds labels, size and data; some were assumed."""

from __future__ import annotations

from pathlib import Path

from realtime_fer.zoo.manifest import ExpressionManifest, read_manifest


def written(path: Path) -> str:
    """One line about a classifier's ONNX file, of the manifest beside it."""
    about = read_manifest(path.parent)
    if not isinstance(about, ExpressionManifest):
        return f"wrote {path}"
    return f"wrote {path}: {', '.join(about.labels)}; faces of {about.crop.size_px} px; trained on: {about.trained_on}"
