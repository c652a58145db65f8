"""`realtime-fer evaluate`: figures of a model on data it has not seen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtime_fer.zoo.shelf import ShelvedModel

BOOTSTRAP_DRAWS = 2000


@click.command()
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="An npz file (ferplus-majority) or a folder in YOLO layout (detection-ap).",
)
@click.option("--protocol", type=click.Choice(["ferplus-majority", "detection-ap"]), required=True)
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--long-side", type=click.IntRange(32), help="detection-ap: input size of the detector, pixels.  [default: the model's]"
)
def evaluate(name: str, data: Path, protocol: str, as_json: bool, threads: int, long_side: int | None) -> None:
    """Evaluate the shipped file NAME, as the service would run it.

    \b
    ferplus-majority   accuracy (WAR), mean class recall (UAR), calibration error (ECE); Barsoum et al., ICMI 2016
    detection-ap       AP at IoU 0.5 and averaged over 0.5:0.95, recall, false faces a picture without faces
    """
    from realtime_fer.zoo.shelf import find_model, verify_model

    model = find_model(name)
    verify_model(model)
    if protocol == "ferplus-majority":
        _ferplus(model, data, as_json, threads)
    else:
        _detection(model, data, as_json, threads, long_side)


def _ferplus(model: ShelvedModel, data: Path, as_json: bool, threads: int) -> None:
    from realtime_fer.errors import ModelShapeError
    from realtime_fer.evaluation.ferplus_protocol import evaluate_ferplus
    from realtime_fer.zoo.manifest import ExpressionManifest

    manifest = model.manifest
    if not isinstance(manifest, ExpressionManifest):
        raise ModelShapeError(f"{manifest.name}: ferplus-majority needs an expression classifier, this is for {manifest.task}")
    report = evaluate_ferplus(
        model.weights,
        data,
        size_px=manifest.crop.size_px,
        temperature=manifest.temperature,
        bootstrap_draws=0 if as_json else BOOTSTRAP_DRAWS,
        intra_op_threads=threads,
    )
    if as_json:
        click.echo(report.as_json())
        return
    click.echo(f"{manifest.name} {manifest.version}, {data}, FER+ majority protocol, n = {report.n}")
    for figure, value in (("WAR", report.war), ("UAR", report.uar), ("ECE", report.ece)):
        low, high = report.intervals.get(figure.lower(), (float("nan"), float("nan")))
        click.echo(f"  {figure}  {value:.4f}  (95 % bootstrap interval {low:.4f} to {high:.4f})")
    for label, recall in report.per_class.items():
        click.echo(f"  recall {label:<10} {recall:.4f}  of {report.support[label]}")


def _detection(model: ShelvedModel, data: Path, as_json: bool, threads: int, long_side: int | None) -> None:
    from realtime_fer.detection.yolov8_face_onnx import YoloV8FaceOnnx
    from realtime_fer.errors import ModelShapeError
    from realtime_fer.evaluation.detection_ap import evaluate_detector
    from realtime_fer.types import FaceDetection, ImageBgr
    from realtime_fer.zoo.manifest import DetectorManifest

    manifest = model.manifest
    if not isinstance(manifest, DetectorManifest):
        raise ModelShapeError(f"{manifest.name}: detection-ap needs a face detector, this is for {manifest.task}")
    # Average precision is over all scores, so nothing is cut off here that could still count.
    detector = YoloV8FaceOnnx(
        model.weights,
        long_side_px=long_side or manifest.long_side_px,
        confidence_threshold=0.01,
        iou_threshold=manifest.iou_threshold,
        intra_op_threads=threads,
    )
    durations_ms: list[float] = []

    def detect(image_bgr: ImageBgr) -> list[FaceDetection]:
        started = time.perf_counter()
        faces = detector.detect(image_bgr)
        durations_ms.append((time.perf_counter() - started) * 1000)
        return faces

    groups = evaluate_detector(detect, data, confidence_threshold=manifest.confidence_threshold, by_prefix=True)
    ms_per_image = sum(durations_ms) / max(1, len(durations_ms))
    scores = groups["all"]
    if as_json:
        values = {
            "n": scores.pictures,
            "faces": scores.faces,
            "ap50": scores.ap50,
            "ap": scores.ap,
            "recall": scores.recall,
            "precision": scores.precision,
            "false_per_negative": scores.false_faces_per_empty_picture if scores.pictures_without_faces else None,
            "ms_per_image": round(ms_per_image, 3),
        }
        click.echo(json.dumps({key: round(v, 4) if isinstance(v, float) else v for key, v in values.items()}))
        return
    side = long_side or manifest.long_side_px
    click.echo(f"{manifest.name} {manifest.version}, {data}, long side {side} px, {ms_per_image:.1f} ms a picture")
    heads = f"  {'source':<8}{'pictures':>9}{'faces':>7}{'AP50':>8}{'AP':>8}{'recall':>8}{'precision':>11}"
    click.echo(f"{heads}  (last two at {manifest.confidence_threshold})")
    for group, s in groups.items():
        click.echo(f"  {group:<8}{s.pictures:>9}{s.faces:>7}{s.ap50:>8.3f}{s.ap:>8.3f}{s.recall:>8.3f}{s.precision:>11.3f}")
