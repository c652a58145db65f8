"""`realtime-fer train face-lite`: our own small face detector."""

from __future__ import annotations

from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, RATE, loop_options, run_folder_option


@click.command(name="face-lite")
@click.option(
    "--data", type=PATH, required=True, help="Folder in YOLO layout: train/images, train/labels, val/..., negatives/."
)
@run_folder_option("runs/face-lite", "data, checkpoint, curves")
@click.option("--epochs", type=POSITIVE, default=64, show_default=True)
@click.option(
    "--image-size", type=click.IntRange(32), default=320, show_default=True, help="Side of a training picture, pixels."
)
@click.option("--batch", type=POSITIVE, default=16, show_default=True)
@click.option("--peak-learning-rate", type=RATE, default=4e-3, show_default=True)
@click.option("--composites", type=click.IntRange(0), default=600, show_default=True, help="Faces pasted on pictures without.")
@click.option(
    "--sources",
    default="rf,os,jt,hm",
    show_default=True,
    help="What stands before the first _ in the names of the pictures to learn from.",
)
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True, help="Processes that make samples.")
@loop_options("training pictures")
def face_lite(sources: str, **settings: Any) -> None:
    """FaceLite, a small permissively licensed face detector, from scratch."""
    from realtime_fer.training.detection.face_lite import train_face_lite

    checkpoint = train_face_lite(sources=[name.strip() for name in sources.split(",")], **settings, progress=click.echo)
    click.echo(f"checkpoint: {checkpoint}; next: realtime-fer export face-lite --weights {checkpoint}")
