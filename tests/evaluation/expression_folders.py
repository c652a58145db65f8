"""Classifiers and data sets whose answers can be foretold: grey level 20 c is class c."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.zoo.shelf import ShelvedModel, find_model
from tests.zoo.test_manifest import EXPRESSION

LABELS = ("anger", "fear", "happiness", "sadness")
STEP = 20


def save_brightness_model(
    folder: Path, labels: Sequence[str] = LABELS, *, colour: str = "grey", size_px: int = 16, affect: bool = False
) -> ShelvedModel:
    """A model folder: logit c is -|mean grey - 20 c|; valence, if asked for, is mean grey / 50, arousal its negative."""
    folder.mkdir(parents=True)
    count, channels = len(labels), 1 if colour == "grey" else 3
    centres = helper.make_tensor("centres", TensorProto.FLOAT, [1, count], [float(STEP * c) for c in range(count)])
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [1, 2], [0.02, -0.02])
    nodes = [
        helper.make_node("ReduceMean", ["faces"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
        helper.make_node("Sub", ["column", "centres"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Neg", ["distance"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", count])]
    if affect:
        nodes.append(helper.make_node("Mul", ["column", "scales"], ["valence_arousal"]))
        outputs.append(helper.make_tensor_value_info("valence_arousal", TensorProto.FLOAT, ["N", 2]))
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", channels, size_px, size_px])],
        outputs,
        [centres, helper.make_tensor("one", TensorProto.INT64, [1], [1]), *([scales] if affect else [])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(folder / "m.onnx"))
    content = (folder / "m.onnx").read_bytes()
    manifest = {
        **EXPRESSION,
        "labels": list(labels),
        "crop": {"size_px": size_px, "colour": colour, "margin": 0.1},
        "temperature": 1.0,
        "valence_arousal": "predicted" if affect else None,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return find_model(str(folder))


def grey_faces(
    levels: Sequence[int],
    classes: Sequence[int],
    *,
    labels: Sequence[str] = LABELS,
    affect: Sequence[tuple[float | None, float | None]] | None = None,
    people: Sequence[str] | None = None,
) -> LabelledSet:
    """One even face for each grey level."""
    whose: Sequence[str | None] = people or [None] * len(levels)
    known: Sequence[tuple[float | None, float | None]] = affect or [(None, None)] * len(levels)
    faces = [
        LabelledFace(Path("faces.npz"), label, subject, valence=valence, arousal=arousal)
        for label, subject, (valence, arousal) in zip(classes, whose, known, strict=True)
    ]
    pixels = np.stack([np.full((48, 48), level, np.uint8) for level in levels])
    return LabelledSet("greys", tuple(labels), tuple(faces), pixels=pixels)
