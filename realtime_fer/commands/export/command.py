"""`realtime-fer export`: from trained weights to a model folder that the service loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.export.chain_tiny import chain_of_affect_tiny
from realtime_fer.commands.export.emotion_gcn import emotion_gcn
from realtime_fer.commands.export.fmpn import fmpn
from realtime_fer.commands.export.options import detector_options, model_folder_options

DETECTOR_TRAINED_ON = (
    "2,054 pictures with 5,663 faces (face-mask pictures, indoor video frames, portraits, everyday scenes, group photos), "
    "400 pictures without a face, 400 composites"
)


@click.group()
def export() -> None:
    """Write ONNX and manifest; outputs are compared with the trained network before success is reported."""


export.add_command(emotion_gcn)
export.add_command(fmpn)
export.add_command(chain_of_affect_tiny)


@export.command()
@model_folder_options("The .pt file of `realtime-fer train detector`.", "models/yolov8n-face")
@click.option(
    "--long-side",
    "long_side_px",
    type=click.IntRange(32),
    default=320,
    show_default=True,
    help="Input size the service runs it at, pixels, unless told otherwise.",
)
@detector_options
def detector(weights: Path, out: Path, **options: Any) -> None:
    """YOLOv8n face detector."""
    from realtime_fer.training.detection.export_yolov8n import export_detector

    click.echo(f"wrote {export_detector(weights, out, trained_on=DETECTOR_TRAINED_ON, **options)}")


@export.command(name="emotion-gcn-ferplus")
@model_folder_options("The checkpoint of `realtime-fer train emotion-gcn-ferplus`.", "models/emotion-gcn-ferplus")
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
def emotion_gcn_ferplus(weights: Path, out: Path, **options: Any) -> None:
    """Compact Emotion-GCN, the graph folded to one matrix."""
    from realtime_fer.training.emotion_gcn_ferplus.export import export_expression

    click.echo(f"wrote {export_expression(weights, out, **options)}")


@export.command(name="face-lite")
@model_folder_options("The checkpoint of `realtime-fer train face-lite`.", "models/face-lite")
@detector_options
def face_lite(weights: Path, out: Path, **options: Any) -> None:
    """FaceLite face detector."""
    from realtime_fer.training.detection.export_face_lite import export_face_lite

    click.echo(f"wrote {export_face_lite(weights, out, **options)}")


@export.command(name="int8")
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
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
