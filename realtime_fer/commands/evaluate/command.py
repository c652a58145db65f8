"""`realtime-fer evaluate`: figures of a model on data it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from realtime_fer.commands.evaluate.options import BOOTSTRAP_DRAWS, Asked
from realtime_fer.commands.evaluate.words import WithWords

if TYPE_CHECKING:
    from realtime_fer.evaluation.face_fitting import Resize
    from realtime_fer.zoo.precision import Precision
    from realtime_fer.zoo.shelf import ShelvedModel

PROTOCOLS = ["ferplus-majority", "labelled", "ferplus-chain", "detection-ap"]


@click.command(cls=WithWords)
@click.argument("name", metavar="MODEL")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="FER+ as npz file or folder (ferplus-majority), a data set's folder (labelled), a YOLO folder (detection-ap).",
)
@click.option("--protocol", type=click.Choice(PROTOCOLS), required=True)
@click.option("--dataset", metavar="NAME", help="labelled: which data set the folder holds; a wrong name lists them.")
@click.option(
    "--part", type=click.Choice(["train", "test"]), default="test", show_default=True, help="labelled: which half of it."
)
@click.option("--fold", type=click.IntRange(0), help="labelled: which fold, for a data set whose people are tested in turns.")
@click.option(
    "--common-classes",
    is_flag=True,
    help="Score on the classes that model and data have in common; otherwise they must have the same.",
)
@click.option(
    "--margin",
    type=click.FloatRange(-0.4, 2.0),
    help="labelled: add to each side of a picture before the model sees it, as a share of the longer side; less than 0 cuts "
    "off.  [default: 0; for a network with a motion mask -0.0328, as FMPN was published]",
)
@click.option(
    "--resize",
    type=click.Choice(["service", "pillow"]),
    default="service",
    show_default=True,
    help="labelled: as the service resizes faces, or as Emotion-GCN and FMPN were published, byte for byte.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="For emotion-gcn and fmpn: checkpoint, ONNX file or model folder."
)
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
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="ferplus-majority, labelled: folder for report.json and confusion.png.",
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
    dataset: str | None,
    part: Literal["train", "test"],
    fold: int | None,
    common_classes: bool,
    margin: float | None,
    resize: Resize,
    weights: Path | None,
    as_json: bool,
    threads: int,
    precision: Precision,
    long_side: int | None,
    out: Path | None,
    failures: Path | None,
) -> None:
    """Evaluate MODEL, a shipped name or a model folder, as the service would run it.

    \b
    ferplus-majority   accuracy (WAR), mean class recall (UAR), calibration error (ECE); Barsoum et al., ICMI 2016
    labelled           the same on any data set (--dataset), with CCC and RMSE of valence and arousal
    ferplus-chain      the same for the first question of chain-of-affect-tiny, and its second beside a rule's
    detection-ap       AP at IoU 0.5 and averaged over 0.5:0.95, recall (also by size), false faces on pictures without
    """
    from realtime_fer.zoo.manifest import ChainManifest
    from realtime_fer.zoo.own_weights import classifier_name
    from realtime_fer.zoo.precision import with_precision
    from realtime_fer.zoo.shelf import find_model, verify_model

    _require_fitting(protocol, dataset, fold, out)
    model = find_model(classifier_name(name, weights))
    verify_model(model)
    model = with_precision(model, precision)
    asked = Asked(data, as_json, threads, out, failures, common_classes, margin, resize)
    asks = isinstance(model.manifest, ChainManifest)
    if protocol == "ferplus-chain" or (protocol == "ferplus-majority" and asks):
        from realtime_fer.commands.evaluate.chain_tiny import evaluate_chain_tiny

        first_only = protocol == "ferplus-majority"
        evaluate_chain_tiny(model, data, as_json=as_json, threads=threads, draws=BOOTSTRAP_DRAWS, first_only=first_only)
    elif protocol == "ferplus-majority":
        from realtime_fer.commands.evaluate.ferplus import evaluate_on_ferplus

        evaluate_on_ferplus(model, asked)
    elif protocol == "labelled":
        from realtime_fer.commands.evaluate.labelled import evaluate_labelled_data

        evaluate_labelled_data(model, asked, dataset or "", part, fold)
    else:
        _detection(model, data, as_json, threads, long_side, failures)


def _require_fitting(protocol: str, dataset: str | None, fold: int | None, out: Path | None) -> None:
    if protocol == "labelled":
        if dataset is None:
            from realtime_fer.datasets.choose import NAMES

            raise click.UsageError(f"--protocol labelled needs --dataset, one of {', '.join(NAMES)}")
    elif dataset is not None or fold is not None:
        raise click.UsageError(f"--dataset and --fold go with --protocol labelled, found --protocol {protocol}")
    if out is not None and protocol not in {"labelled", "ferplus-majority"}:
        raise click.UsageError(f"--out goes with --protocol labelled or ferplus-majority, found --protocol {protocol}")


def _detection(
    model: ShelvedModel, data: Path, as_json: bool, threads: int, long_side: int | None, failures: Path | None
) -> None:
    from realtime_fer.errors import ModelShapeError
    from realtime_fer.evaluation.detection.failures import write_detection_failures
    from realtime_fer.evaluation.detection.report import evaluate_detection
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
