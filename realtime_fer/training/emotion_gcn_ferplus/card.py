"""Write CARD.md and its pictures for an exported expression model: every figure in it is measured here.

Called after `export_expression`. The shipped ONNX file is run through ONNX Runtime over faces that nothing was trained,
chosen or fitted on.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.evaluation.ferplus_protocol import MajorityReport, evaluate_ferplus
from realtime_fer.evaluation.metrics import BOOTSTRAP_DRAWS
from realtime_fer.evaluation.robustness import ROBUSTNESS_TABLE
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.training.emotion_gcn_ferplus.abstention_card import abstention_section
from realtime_fer.training.emotion_gcn_ferplus.files_table import files_table
from realtime_fer.zoo.manifest import ExpressionManifest, read_manifest
from realtime_fer.zoo.precision import with_precision
from realtime_fer.zoo.shelf import ShelvedModel

CARD = """# {name} {version}

Eight expressions (neutral, happiness, surprise, sadness, anger, disgust, fear, contempt) of one grey face.
{description}

| | |
|---|---|
| file | `{file}`, {megabytes:.2f} MB, sha256 `{sha256}` |
| input | `faces`, float32 (N, 1, {size}, {size}), grey levels 0..255; standardised inside the file |
| output | `logits`, float32 (N, 8), order above; probabilities are softmax(logits / {temperature}) |
| crop | square around the detector's box, its longer side times {window:.2f} (margin {margin}) |
| licence | {licence}. {licence_note} |

## Intended use

Reading which expression a face *shows*, as people who look at a picture of it would name it, so that a robot can react to
it. It does not tell what a person feels, thinks, intends or is; not for decisions about people (hiring, policing, border
control, education, health). One frame is weak evidence: use the smoothed output, and take a flat distribution as "cannot
tell".

## Held-out figures

FER+ validation split, majority protocol (Barsoum et al., ICMI 2016; votes of single taggers dropped, largest vote above
half of the rest): n = {n:,}. Nothing was trained or fitted on it; what was decided after a look at it is said
at the end of this card, where there is such a thing. Intervals: bootstrap over the faces, {draws:,} draws.

| figure | value | 95 % interval |
|---|---|---|
| accuracy (WAR) | {war:.4f} | {war_low:.4f} - {war_high:.4f} |
| mean recall of the eight classes (UAR) | {uar:.4f} | {uar_low:.4f} - {uar_high:.4f} |
| calibration error (ECE, 15 bins of equal width) | {ece:.4f} | {ece_low:.4f} - {ece_high:.4f} |

| class | faces | recall | precision |
|---|---|---|---|
{class_rows}

![Confusion on the validation split](confusion.png)

Measured by `realtime-fer evaluate {name} --data ferplus_valid.npz --protocol ferplus-majority --json`.
The intervals of UAR are wide because of {disgust} faces of disgust and {contempt} of contempt.

## When it says unknown

{abstention}

## Robustness

The same faces, spoiled in one way at a time (`evaluation/robustness.py`), 48x48:

| change | WAR | UAR | ECE |
|---|---|---|---|
{robustness_rows}

## Speed

One thread, ONNX Runtime {onnxruntime} on the CPU of the build machine ({cpu}, shared with other work), from array to array;
the figures are of the same validation faces. The service takes int8 where the processor has instructions for it
(`--precision`, `classifier.precision`); the sections above are of {measured}.

{files_table}

## How it is made

{training_command}

Faces: {trained_on}.
{held_out:,} of them were held out of training (5 %, fixed seed); on those the temperature was fitted. Targets are the crowd's
vote distributions over the eight emotions, votes of single taggers dropped; a face whose votes go partly to "unknown" or
"not a face" counts for less. Faces of disgust and contempt are shown three times an epoch, of fear twice. AdamW, one-cycle
schedule, {epochs} epochs of batch {batch}, moving average of the weights; the last average is what ships. Augmentation on the
fly: mirror, scale 0.8-1.25, shift 10 %, tilt 15 degrees, gamma, contrast, side light, faces of 16 to 40 px, blur, grain,
JPEG, occlusion.

![Training curves](curves.png)

{teaching}

Network: 3x3 convolution ({stem} channels), {blocks} residual blocks ({channels} channels; sides {sides}), a
learned pooling of the last maps; {parameters:,} numbers in the file, the large ones stored in float16. The classifier is not a
free matrix: the eight classes are nodes of a graph (Emotion-GCN, Antoniadis et al., FG 2021; ML-GCN, Chen et al., CVPR 2019).
An edge from i to j stands where, of the training faces that at least two taggers called i, at least a tenth were also
called j by two or more. A class keeps half of itself and takes the other half evenly from its neighbours. Two such layers,
with LeakyReLU between, turn eight learned node vectors (begun as the rows of that table of co-occurrences) into eight
classifier vectors. At
export the graph, the pooling and the bias fold into one matrix, and batch normalisation into the convolutions.

## Known failures

- Contempt and disgust are rare in the training data ({contempt} and {disgust} validation faces): often called neutral or anger.
- Sadness and neutral are confused with each other most; so are they by the taggers.
- Faces below about 20 pixels, hidden mouths and very dark pictures cost much, see the table.
- The faces are web pictures of the early 2010s, many of them posed or acted; FER+ has no notes on age, sex or skin colour, so
  differences between groups could not be measured here. Expect them, and test on your own people before relying on it.
- Drawn faces, masks and backs of heads get some expression too: the detector has to keep them out.
{notes}"""


def write_card(
    folder: Path,
    *,
    data: Path,
    run: Path,
    training_command: str,
    cpu: str = "x86-64",
    draws: int = BOOTSTRAP_DRAWS,
    notes: Path | None = None,
) -> MajorityReport:
    """Measure an exported model and write `CARD.md`, `confusion.png` and `curves.png` beside it.

    Args:
        folder: the model's, with `manifest.json`.
        data: FER+ validation faces (npz).
        run: folder of the training run, for its recipe (`last.pt`) and `curves.png`.
        training_command: what made the weights, as typed; goes to the card word for word.
        cpu: what the speed was measured on.
        notes: Markdown that is put at the end.

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
    report = evaluate_ferplus(model, data, bootstrap_draws=draws, unknown_below=limit, **settings)
    spoiled = {name: evaluate_ferplus(model, data, change=change, **settings) for name, change in ROBUSTNESS_TABLE.items()}
    draw_confusion(report, folder / "confusion.png")
    if (run / "curves.png").is_file():
        shutil.copyfile(run / "curves.png", folder / "curves.png")
    facts = _training_facts(run / "last.pt", folder / manifest["file"])
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


def draw_confusion(report: MajorityReport, path: Path) -> None:
    """The confusion as a PNG: shares of each true class in colour, counts in numbers.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("drawing the confusion", "train", error) from error
    counts = report.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(FERPLUS_LABELS))
    axes.set_xticks(ticks, FERPLUS_LABELS, rotation=40, ha="right")
    axes.set_yticks(ticks, [f"{name} ({report.support[name]})" for name in FERPLUS_LABELS])
    axes.set(xlabel="predicted", ylabel="crowd's majority", title=f"n = {report.n}, WAR {report.war:.3f}, UAR {report.uar:.3f}")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    figure.savefig(path, dpi=110)


def _class_rows(report: MajorityReport) -> str:
    predicted = report.confusion.sum(axis=0)
    precisions: npt.NDArray[np.float64] = np.diag(report.confusion) / np.maximum(predicted, 1)
    rows = zip(FERPLUS_LABELS, precisions, strict=True)
    return "\n".join(f"| {k} | {report.support[k]} | {report.per_class[k]:.3f} | {p:.3f} |" for k, p in rows)


def _training_facts(checkpoint: Path, model: Path) -> dict[str, Any]:
    try:
        import onnx
        import onnxruntime
        import torch
    except ImportError as error:
        raise missing_extra("describing a trained model", "train", error) from error
    if not checkpoint.is_file():
        raise ModelNotFoundError(f"{checkpoint}: expected the checkpoint of the training run, found none")
    from realtime_fer.networks.compact_emotion_gcn import BACKBONES, FACE_SIZE_PX

    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
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
