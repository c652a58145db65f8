"""`realtime-fer evaluate`: figures of a model on data it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime_fer.commands.evaluate_chain import WithChain

if TYPE_CHECKING:
    from realtime_fer.zoo.precision import Precision
    from realtime_fer.zoo.shelf import ShelvedModel

BOOTSTRAP_DRAWS = 2000


@click.command(cls=WithChain)
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="An npz file (ferplus-majority) or a folder in YOLO layout (detection-ap).",
)
@click.option("--protocol", type=click.Choice(["ferplus-majority", "ferplus-chain", "detection-ap"]), required=True)
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "int8"]),
    default="auto",
    show_default=True,
    help="Which weight file; auto is what the service takes on this machine.",
)
@click.option(
    "--long-side",
    type=click.IntRange(32),
    help="detection-ap: input size of the detector, pixels; 416 is how the webcam runs yolov8n-face.  "
    "[default: each picture's own, 320 to 1280]",
)
@click.option(
    "--failures",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write contact sheets (PNG) of what went wrong to this folder.",
)
def evaluate(
    name: str,
    data: Path,
    protocol: str,
    as_json: bool,
    threads: int,
    precision: Precision,
    long_side: int | None,
    failures: Path | None,
) -> None:
    """Evaluate the shipped file NAME, as the service would run it.

    \b
    ferplus-majority   accuracy (WAR), mean class recall (UAR), calibration error (ECE); Barsoum et al., ICMI 2016
    ferplus-chain      the same for the first question of chain-of-affect-tiny, and its second beside a rule's
    detection-ap       AP at IoU 0.5 and averaged over 0.5:0.95, recall (also by size), false faces on pictures without
    """
    from realtime_fer.zoo.manifest import ChainManifest
    from realtime_fer.zoo.precision import with_precision
    from realtime_fer.zoo.shelf import find_model, verify_model

    model = find_model(name)
    verify_model(model)
    model = with_precision(model, precision)
    asks = isinstance(model.manifest, ChainManifest)
    if protocol == "ferplus-chain" or (protocol == "ferplus-majority" and asks):
        from realtime_fer.commands.evaluate_chain_tiny import evaluate_chain_tiny

        first_only = protocol == "ferplus-majority"
        evaluate_chain_tiny(model, data, as_json=as_json, threads=threads, draws=BOOTSTRAP_DRAWS, first_only=first_only)
        return
    if protocol == "ferplus-majority":
        if failures is not None:
            _ferplus_failures(model, data, threads, failures)
        _ferplus(model, data, as_json, threads)
    else:
        _detection(model, data, as_json, threads, long_side, failures)


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
        unknown_below=None if manifest.abstention is None else manifest.abstention.unknown_below,
    )
    if as_json:
        click.echo(report.as_json())
        return
    click.echo(f"{manifest.name} {manifest.version} {model.precision}, {data}, FER+ majority protocol, n = {report.n}")
    for figure, value in (("WAR", report.war), ("UAR", report.uar), ("ECE", report.ece)):
        low, high = report.intervals.get(figure.lower(), (float("nan"), float("nan")))
        click.echo(f"  {figure}  {value:.4f}  (95 % bootstrap interval {low:.4f} to {high:.4f})")
    for label, recall in report.per_class.items():
        click.echo(f"  recall {label:<10} {recall:.4f}  of {report.support[label]}")
    if report.answered is not None:
        a = report.answered
        click.echo(
            f"  unknown below {a['limit']}: {a['share']:.1%} of them are answered, {a['accuracy']:.1%} of the answers "
            f"are right; of the faces that do not count, {a['share_unclear']:.1%} are answered"
        )


def _ferplus_failures(model: ShelvedModel, data: Path, threads: int, out: Path) -> None:
    from realtime_fer.evaluation.ferplus_failures import write_ferplus_failures
    from realtime_fer.zoo.manifest import ExpressionManifest

    manifest = model.manifest
    if isinstance(manifest, ExpressionManifest):
        path = write_ferplus_failures(
            out,
            model.weights,
            data,
            size_px=manifest.crop.size_px,
            temperature=manifest.temperature,
            intra_op_threads=threads,
        )
        click.echo(f"wrote {path}")


def _detection(
    model: ShelvedModel, data: Path, as_json: bool, threads: int, long_side: int | None, failures: Path | None
) -> None:
    from realtime_fer.errors import ModelShapeError
    from realtime_fer.evaluation.detection_failures import write_detection_failures
    from realtime_fer.evaluation.detection_report import evaluate_detection
    from realtime_fer.zoo.manifest import DetectorManifest

    manifest = model.manifest
    if not isinstance(manifest, DetectorManifest):
        raise ModelShapeError(f"{manifest.name}: detection-ap needs a face detector, this is for {manifest.task}")
    report = evaluate_detection(model, manifest, data, long_side_px=long_side, threads=threads)
    if failures is not None:
        for path in write_detection_failures(
            failures, data, report.pictures, report.found, confidence_threshold=manifest.confidence_threshold
        ):
            click.echo(f"wrote {path}")
    if as_json:
        click.echo(report.as_json())
        return
    size = "each picture at its own size" if long_side is None else f"long side {long_side} px"
    click.echo(f"{manifest.name} {manifest.version} {model.precision}, {data}, {size}, {report.ms_per_image:.1f} ms a picture")
    click.echo(report.as_text())
