"""`realtime-fer export`: from trained weights to a model folder that the service loads."""

from __future__ import annotations

from pathlib import Path

import click

from realtime_fer.commands.export.chain_tiny import chain_of_affect_tiny
from realtime_fer.commands.export.emotion_gcn import emotion_gcn
from realtime_fer.commands.export.fmpn import fmpn

_PATH = click.Path(path_type=Path)

DETECTOR_TRAINED_ON = (
    "2,054 pictures with 5,663 faces (face-mask pictures, indoor video frames, portraits, everyday scenes, group photos), "
    "400 pictures without a face, 400 composites"
)
COMPARED_PICTURES = 8


@click.group()
def export() -> None:
    """Write ONNX and manifest; outputs are compared with the trained network before success is reported."""


export.add_command(emotion_gcn)
export.add_command(fmpn)
export.add_command(chain_of_affect_tiny)


@export.command()
@click.option("--weights", type=_PATH, required=True, help="The .pt file of `realtime-fer train detector`.")
@click.option("--out", type=_PATH, default=Path("models/yolov8n-face"), show_default=True)
@click.option("--version", default="1.0", show_default=True)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1),
    default=0.45,
    show_default=True,
    help="Score from which a detection is a new face.",
)
@click.option(
    "--long-side",
    type=click.IntRange(32),
    default=320,
    show_default=True,
    help="Input size the service runs it at, pixels, unless told otherwise.",
)
@click.option("--pictures", type=_PATH, help="Folder of pictures to compare outputs on, besides random ones.")
def detector(weights: Path, out: Path, version: str, confidence: float, long_side: int, pictures: Path | None) -> None:
    """YOLOv8n face detector."""
    from realtime_fer.training.detection.export_yolov8n import export_detector

    compared = [] if pictures is None else sorted(pictures.iterdir())[:COMPARED_PICTURES]
    path = export_detector(
        weights,
        out,
        version=version,
        trained_on=DETECTOR_TRAINED_ON,
        confidence_threshold=confidence,
        long_side_px=long_side,
        pictures=compared,
    )
    click.echo(f"wrote {path}")


@export.command(name="emotion-gcn-ferplus")
@click.option("--weights", type=_PATH, required=True, help="The checkpoint of `realtime-fer train emotion-gcn-ferplus`.")
@click.option("--out", type=_PATH, default=Path("models/emotion-gcn-ferplus"), show_default=True)
@click.option("--version", default="1.0", show_default=True)
@click.option(
    "--margin",
    type=click.FloatRange(-0.4, 2.0),
    default=0.0,
    show_default=True,
    help="Added around a detector's box on each side, as a share of its longer side.",
)
@click.option(
    "--prior-strength",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Help for rare classes beyond their repetition in training: finds more of them, and more that are not.",
)
def emotion_gcn_ferplus(weights: Path, out: Path, version: str, margin: float, prior_strength: float) -> None:
    """Compact Emotion-GCN, the graph folded to one matrix."""
    from realtime_fer.training.emotion_gcn_ferplus.export import export_expression

    path = export_expression(weights, out, version=version, margin=margin, prior_strength=prior_strength)
    click.echo(f"wrote {path}")


@export.command(name="face-lite")
@click.option("--weights", type=_PATH, required=True, help="The checkpoint of `realtime-fer train face-lite`.")
@click.option("--out", type=_PATH, default=Path("models/face-lite"), show_default=True)
@click.option("--version", default="1.0", show_default=True)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1),
    default=0.45,
    show_default=True,
    help="Score from which a detection is a new face.",
)
@click.option("--pictures", type=_PATH, help="Folder of pictures to compare outputs on, besides random ones.")
def face_lite(weights: Path, out: Path, version: str, confidence: float, pictures: Path | None) -> None:
    """FaceLite face detector."""
    from realtime_fer.training.detection.export_face_lite import export_face_lite

    compared = [] if pictures is None else sorted(pictures.iterdir())[:COMPARED_PICTURES]
    path = export_face_lite(weights, out, version=version, confidence_threshold=confidence, pictures=compared)
    click.echo(f"wrote {path}")


@export.command(name="int8")
@click.argument("name")
@click.option(
    "--data",
    type=_PATH,
    required=True,
    help="Training data to calibrate on: FER+ npz (classifier), folder of pictures (detector).",
)
def int8(name: str, data: Path) -> None:
    """8-bit weights and activations for the model NAME, beside its float32 file."""
    from realtime_fer.training.exporting.int8 import export_int8
    from realtime_fer.zoo.shelf import find_model, verify_model

    model = find_model(name)
    verify_model(model)
    click.echo(f"wrote {export_int8(model, data)}")
