"""`realtime-fer train detector`: YOLOv8n on faces."""

from __future__ import annotations

from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, run_folder_option


@click.command(name="detector")
@click.option(
    "--data", type=PATH, required=True, help="Folder in YOLO layout: train/images, train/labels, val/..., negatives/."
)
@run_folder_option("runs/detector", "data, weights, curves")
@click.option("--epochs", type=POSITIVE, default=55, show_default=True)
@click.option(
    "--image-size", type=click.IntRange(32), default=320, show_default=True, help="Side of a training picture, pixels."
)
@click.option("--batch", type=POSITIVE, default=16, show_default=True)
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that load pictures.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or GPU numbers: 0 or 0,1.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--composites", type=click.IntRange(0), default=400, show_default=True, help="Faces pasted on pictures without.")
@click.option("--learning-rate", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option(
    "--scale", type=click.FloatRange(0, 0.95), default=0.6, show_default=True, help="Pictures are shown at 1 - S to 1 + S."
)
@click.option(
    "--start-from", type=PATH, help="An exported ONNX file of this detector to go on from, instead of random weights."
)
@click.option("--limit", type=POSITIVE, help="At most so many training pictures, for a trial.")
@click.option("--resume", is_flag=True, help="Go on from the last epoch in the run folder.")
def detector(**settings: Any) -> None:
    """YOLOv8n face detector, from scratch, with ultralytics (AGPL-3.0)."""
    from realtime_fer.training.detection.yolov8n import train_detector

    weights = train_detector(**settings)
    click.echo(f"weights: {weights}; next: realtime-fer export detector --weights {weights}")
