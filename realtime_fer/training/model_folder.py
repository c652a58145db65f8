"""The last step of every export: weights and manifest go into the model folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from realtime_fer.zoo.manifest import MANIFEST_NAME, read_manifest


def write_model_folder(out: Path, name: str, write_weights: Callable[[Path], None], fields: Mapping[str, Any]) -> Path:
    """Write `out/<name>.onnx` and `out/manifest.json`.

    Args:
        out: folder of the model, made when absent.
        name: of the model.
        write_weights: writes the ONNX file at the path it is given, and raises if it is not what it should be; nothing
            in `out` has changed then.
        fields: of the manifest (see `zoo.manifest`), without name, file, size and hash.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelCorruptError: a field is missing or wrong.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as folder:
        draft = Path(folder) / f"{name}.onnx"
        write_weights(draft)
        content = draft.read_bytes()
        file = {"file": draft.name, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        manifest = Path(folder) / MANIFEST_NAME
        manifest.write_text(json.dumps({"name": name, **fields, **file}, indent=2) + "\n", encoding="utf-8")
        read_manifest(Path(folder))
        # The manifest last: until it is there, the old one's sha256 tells that the model beside it is not its own.
        os.replace(draft, out / draft.name)
        os.replace(manifest, out / MANIFEST_NAME)
    return out / f"{name}.onnx"
