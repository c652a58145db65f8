"""Write CARD.md and its pictures for an exported expression model: every figure in it is measured here.

Called after `export_expression`. The shipped ONNX file is run through ONNX Runtime over faces that nothing was trained,
chosen or fitted on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.evaluation.confusion_picture import CONFUSION_NAME, draw_confusion
from realtime_fer.evaluation.ferplus_protocol import MajorityReport, evaluate_ferplus
from realtime_fer.evaluation.metrics import BOOTSTRAP_DRAWS
from realtime_fer.evaluation.robustness import ROBUSTNESS_TABLE
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.training.emotion_gcn_ferplus.abstention_card import abstention_section
from realtime_fer.training.emotion_gcn_ferplus.card_text import CARD
from realtime_fer.training.emotion_gcn_ferplus.files_table import files_table
from realtime_fer.zoo.manifest import ExpressionManifest, read_manifest
from realtime_fer.zoo.precision import with_precision
from realtime_fer.zoo.shelf import ShelvedModel

CURVES_NAME = "curves.png"


def write_card(
    folder: Path,
    *,
    data: Path,
    run: Path,
    training_command: str,
    cpu: str = "x86-64",
    draws: int = BOOTSTRAP_DRAWS,
    notes: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> MajorityReport:
    """Measure an exported model and write `CARD.md`, `confusion.png` and `curves.png` beside it.

    Args:
        folder: the model's, with `manifest.json`.
        data: FER+ validation faces (npz).
        run: folder of the training run, for its recipe (`last.pt`) and `curves.png`.
        training_command: what made the weights, as typed; goes to the card word for word.
        cpu: what the speed was measured on.
        notes: Markdown that is put at the end.
        progress: told a line now and then.

    Raises:
        ModelNotFoundError, ModelCorruptError: manifest, model or checkpoint are absent or broken.
        DatasetError: `data` is no FER+ npz file.
    """
    checked = read_manifest(folder)
    if not isinstance(checked, ExpressionManifest):
        raise ModelShapeError(f"{folder}: expected an expression classifier, found a model for {checked.task}")
    manifest = checked.model_dump()
    shipped = with_precision(ShelvedModel(folder, checked))
    model, size = shipped.weights, manifest["crop"]["size_px"]
    settings: dict[str, Any] = {"size_px": size, "temperature": manifest["temperature"]}
    promise = manifest.get("abstention")
    limit = None if promise is None else promise["unknown_below"]
    facts = _training_facts(run, folder / manifest["file"])
    tell = progress or (lambda _line: None)
    tell("measuring the faces as they are")
    report = evaluate_ferplus(model, data, bootstrap_draws=draws, unknown_below=limit, **settings)
    spoiled = {}
    for name, change in ROBUSTNESS_TABLE.items():
        tell(f"measuring the faces with {name}")
        spoiled[name] = evaluate_ferplus(model, data, change=change, **settings)
    put_pictures(report, run, folder)
    intervals = {f"{k}_{end}": v for k, pair in report.intervals.items() for end, v in zip(("low", "high"), pair, strict=True)}
    text = CARD.format(
        **{
            k: manifest[k]
            for k in ("name", "version", "description", "file", "sha256", "temperature", "licence", "licence_note")
        },
        **intervals,
        **facts,
        trained_on=manifest["trained_on"],
        megabytes=manifest["size_bytes"] / 1e6,
        size=size,
        margin=manifest["crop"]["margin"],
        window=1 + 2 * manifest["crop"]["margin"],
        n=report.n,
        draws=draws,
        war=report.war,
        uar=report.uar,
        ece=report.ece,
        class_rows=_class_rows(report),
        disgust=report.support["disgust"],
        contempt=report.support["contempt"],
        abstention=abstention_section(promise, report.answered),
        robustness_rows="\n".join(f"| {k} | {r.war:.3f} | {r.uar:.3f} | {r.ece:.3f} |" for k, r in spoiled.items()),
        cpu=cpu,
        measured=shipped.precision,
        files_table=files_table(folder, checked, data),
        training_command=training_command,
        notes="\n" + notes.read_text(encoding="utf-8") if notes else "",
    )
    (folder / "CARD.md").write_text(text, encoding="utf-8")
    return report


def put_pictures(report: MajorityReport, run: Path, folder: Path) -> None:
    """Draw the confusion beside the card, and copy the curves of the training run where it has some.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    title = f"n = {report.n}, WAR {report.war:.3f}, UAR {report.uar:.3f}"
    draw_confusion(folder / CONFUSION_NAME, report.confusion, FERPLUS_LABELS, title)
    if (run / CURVES_NAME).is_file():
        shutil.copyfile(run / CURVES_NAME, folder / CURVES_NAME)


def _class_rows(report: MajorityReport) -> str:
    predicted = report.confusion.sum(axis=0)
    precisions: npt.NDArray[np.float64] = np.diag(report.confusion) / np.maximum(predicted, 1)
    rows = zip(FERPLUS_LABELS, precisions, strict=True)
    return "\n".join(f"| {k} | {report.support[k]} | {report.per_class[k]:.3f} | {p:.3f} |" for k, p in rows)


def _training_facts(run: Path, model: Path) -> dict[str, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise missing_extra("describing a trained model", "train", error) from error
    from realtime_fer.networks.compact_emotion_gcn import BACKBONES, FACE_SIZE_PX
    from realtime_fer.training.emotion_gcn_ferplus.export import load_trained

    _, saved = load_trained(run / "last.pt")
    backbone = BACKBONES[saved["recipe"].get("backbone", "small")]
    sides, side = [], FACE_SIZE_PX
    for _, stride in backbone.stages:
        side //= stride
        sides.append(side)
    return {
        "stem": backbone.stem,
        "blocks": len(backbone.stages),
        "channels": ", ".join(str(channels) for channels, _ in backbone.stages),
        "sides": ", ".join(map(str, sides)),
        "teaching": _teaching(saved["recipe"]),
        "epochs": saved["epoch"],
        "batch": saved["recipe"]["batch"],
        "held_out": len(saved["held_out_labels"]),
        "parameters": sum(int(np.prod(tensor.dims)) for tensor in onnx.load(str(model)).graph.initializer),
        "onnxruntime": onnxruntime.__version__,
    }


def _teaching(recipe: dict[str, Any]) -> str:
    teachers = recipe.get("teachers") or ()
    begun = "" if not recipe.get("start_from") else " It began with the weights of one of them."
    if not teachers:
        return f"No other network taught it.{begun}"
    return (
        f"{recipe['teacher_share']:.0%} of each target is what {len(teachers)} larger networks of the same kind, trained on "
        "the same faces, say of the unspoiled face and its mirror image (distillation, Hinton et al., 2015); the votes are the "
        f"rest.{begun}"
    )
