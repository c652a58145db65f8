"""The last step of every export: weights and manifest go into the model folder, whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from realtime_fer.fingerprint import sha256_of
from realtime_fer.zoo.manifest import MANIFEST_NAME, read_manifest


def write_model_folder(out: Path, name: str, write_weights: Callable[[Path], None], fields: Mapping[str, Any]) -> Path:
    """Write `out/<name>.onnx` and `out/manifest.json`. An int8 file of the weights before goes.

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
        file = file_entry(draft)
        manifest = Path(folder) / MANIFEST_NAME
        manifest.write_text(json.dumps({"name": name, **fields, **file}, indent=2) + "\n", encoding="utf-8")
        read_manifest(Path(folder))
        # The manifest last: until it is there, the old one's sha256 tells that the model beside it is not its own.
        os.replace(draft, out / draft.name)
        os.replace(manifest, out / MANIFEST_NAME)
    # Of the weights that were here before.
    (out / int8_name(name)).unlink(missing_ok=True)
    return out / f"{name}.onnx"


def file_entry(path: Path) -> dict[str, Any]:
    """What a manifest says of a weight file."""
    return {"file": path.name, "sha256": sha256_of(path), "size_bytes": path.stat().st_size}


def int8_name(name: str) -> str:
    """Name of a model's file with 8-bit weights."""
    return f"{name}-int8.onnx"


def add_int8(folder: Path, write_weights: Callable[[Path], None], calibrated_on: str) -> Path:
    """Write a file with 8-bit weights into a model folder and name it in the manifest, whole or not at all.

    Args:
        folder: of the model, with its float32 weights.
        write_weights: writes the ONNX file at the path it is given, and raises if it is not what it should be.
        calibrated_on: goes to the manifest.

    Returns:
        Path of the ONNX file.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `read_manifest`.
    """
    name = read_manifest(folder).name
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as draft_folder:
        draft = Path(draft_folder) / int8_name(name)
        write_weights(draft)
        entry = {**file_entry(draft), "calibrated_on": calibrated_on}
        fields = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        manifest = Path(draft_folder) / MANIFEST_NAME
        manifest.write_text(json.dumps({**fields, "int8": entry}, indent=2) + "\n", encoding="utf-8")
        read_manifest(Path(draft_folder))
        os.replace(draft, folder / draft.name)
        os.replace(manifest, folder / MANIFEST_NAME)
    return folder / int8_name(name)
