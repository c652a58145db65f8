"""`realtime-fer train`: make the weights that ship."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime_fer.commands.train_chain import chain_of_affect
from realtime_fer.commands.train_chain_tiny import chain_of_affect_tiny
from realtime_fer.commands.train_emotion_gcn import emotion_gcn
from realtime_fer.commands.train_exp_blip import exp_blip
from realtime_fer.commands.train_expllm import expllm
from realtime_fer.commands.train_fmpn import fmpn

if TYPE_CHECKING:
    from realtime_fer.networks.compact_emotion_gcn import Head
    from realtime_fer.training.expression import Targets

_FOLDER = click.Path(path_type=Path)


@click.group()
def train() -> None:
    """Train the shipped models (extra: train). The same command runs on a CPU and on a GPU."""


train.add_command(chain_of_affect)
train.add_command(chain_of_affect_tiny)
train.add_command(emotion_gcn)
train.add_command(exp_blip)
train.add_command(expllm)
train.add_command(fmpn)


@train.command()
@click.option(
    "--data", type=_FOLDER, required=True, help="Folder in YOLO layout: train/images, train/labels, val/..., negatives/."
)
@click.option(
    "--out", type=_FOLDER, default=Path("runs/detector"), show_default=True, help="Run folder: data, weights, curves."
)
@click.option("--epochs", type=click.IntRange(1), default=55, show_default=True)
@click.option(
    "--image-size", type=click.IntRange(32), default=320, show_default=True, help="Side of a training picture, pixels."
)
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True)
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that load pictures.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or GPU numbers: 0 or 0,1.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--composites", type=click.IntRange(0), default=400, show_default=True, help="Faces pasted on pictures without.")
@click.option("--learning-rate", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option(
    "--scale", type=click.FloatRange(0, 0.95), default=0.6, show_default=True, help="Pictures are shown at 1 - S to 1 + S."
)
@click.option(
    "--start-from", type=_FOLDER, help="An exported ONNX file of this detector to go on from, instead of random weights."
)
@click.option("--limit", type=click.IntRange(1), help="At most so many training pictures, for a trial.")
@click.option("--resume", is_flag=True, help="Go on from the last epoch in the run folder.")
def detector(
    data: Path,
    out: Path,
    epochs: int,
    image_size: int,
    batch: int,
    workers: int,
    device: str,
    seed: int,
    composites: int,
    learning_rate: float,
    scale: float,
    start_from: Path | None,
    limit: int | None,
    resume: bool,
) -> None:
    """YOLOv8n face detector, from scratch, with ultralytics (AGPL-3.0)."""
    from realtime_fer.training.detector import train_detector

    weights = train_detector(
        data=data,
        out=out,
        epochs=epochs,
        image_size=image_size,
        batch=batch,
        workers=workers,
        device=device,
        seed=seed,
        composites=composites,
        learning_rate=learning_rate,
        scale=scale,
        start_from=start_from,
        limit=limit,
        resume=resume,
    )
    click.echo(f"weights: {weights}; next: realtime-fer export detector --weights {weights}")


@train.command(name="emotion-gcn-ferplus")
@click.option("--data", type=_FOLDER, required=True, help="ferplus_train.npz: images, votes.")
@click.option(
    "--out", type=_FOLDER, default=Path("runs/expression"), show_default=True, help="Run folder: checkpoint, history, curves."
)
@click.option("--epochs", type=click.IntRange(1), default=64, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=128, show_default=True)
@click.option("--peak-learning-rate", type=float, default=3e-3, show_default=True)
@click.option("--weight-decay", type=float, default=0.05, show_default=True)
@click.option("--dropout", type=float, default=0.2, show_default=True)
@click.option(
    "--backbone",
    type=click.Choice(["small", "medium", "large", "huge"]),
    default="medium",
    show_default=True,
    help="Size of the network; large and huge are teachers.",
)
@click.option(
    "--camera-share",
    type=click.FloatRange(0, 3),
    default=1.0,
    show_default=True,
    help="How many of the usual number of faces are shown small, blurred, grainy or compressed; 0 for a teacher.",
)
@click.option(
    "--teacher", "teachers", type=_FOLDER, multiple=True, help="Checkpoint of an earlier run to learn from; may be repeated."
)
@click.option(
    "--teacher-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="How much of the target the teachers give; the crowd's votes are the rest.",
)
@click.option(
    "--head",
    type=click.Choice(["graph", "linear"]),
    default="graph",
    show_default=True,
    help="linear does without the graph over the classes, for comparison.",
)
@click.option(
    "--targets",
    type=click.Choice(["votes", "majority"]),
    default="votes",
    show_default=True,
    help="majority tells the network one label a face, for comparison.",
)
@click.option("--start-from", type=_FOLDER, help="Checkpoint of an earlier run with the same backbone, to begin with.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(1), help="Of the CPU; default all.")
@click.option("--limit", type=click.IntRange(1), help="At most so many training faces, for a trial.")
@click.option("--stop-after", type=click.IntRange(1), help="Leave after so many epochs of the schedule, to resume later.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the run folder, to the same result.")
def emotion_gcn_ferplus(
    data: Path,
    out: Path,
    epochs: int,
    batch: int,
    peak_learning_rate: float,
    weight_decay: float,
    dropout: float,
    backbone: str,
    camera_share: float,
    teachers: tuple[Path, ...],
    teacher_share: float,
    head: Head,
    targets: Targets,
    start_from: Path | None,
    seed: int,
    device: str,
    threads: int | None,
    limit: int | None,
    stop_after: int | None,
    resume: bool,
) -> None:
    """Compact Emotion-GCN on FER+ crowd votes."""
    from realtime_fer.training.expression import train_expression

    checkpoint = train_expression(
        data=data,
        out=out,
        epochs=epochs,
        batch=batch,
        peak_learning_rate=peak_learning_rate,
        weight_decay=weight_decay,
        dropout=dropout,
        backbone=backbone,
        camera_share=camera_share,
        teachers=teachers,
        teacher_share=teacher_share,
        head=head,
        targets=targets,
        start_from=start_from,
        seed=seed,
        device=device,
        threads=threads,
        limit=limit,
        stop_after=stop_after,
        resume=resume,
        progress=click.echo,
    )
    click.echo(f"checkpoint: {checkpoint}; next: realtime-fer export emotion-gcn-ferplus --weights {checkpoint}")


@train.command(name="face-lite")
@click.option(
    "--data", type=_FOLDER, required=True, help="Folder in YOLO layout: train/images, train/labels, val/..., negatives/."
)
@click.option(
    "--out", type=_FOLDER, default=Path("runs/face-lite"), show_default=True, help="Run folder: data, checkpoint, curves."
)
@click.option("--epochs", type=click.IntRange(1), default=64, show_default=True)
@click.option(
    "--image-size", type=click.IntRange(32), default=320, show_default=True, help="Side of a training picture, pixels."
)
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True)
@click.option("--peak-learning-rate", type=float, default=4e-3, show_default=True)
@click.option("--composites", type=click.IntRange(0), default=600, show_default=True, help="Faces pasted on pictures without.")
@click.option(
    "--sources",
    default="rf,os,jt,hm",
    show_default=True,
    help="What stands before the first _ in the names of the pictures to learn from.",
)
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True, help="Processes that make samples.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(1), help="Of the CPU; default all.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="At most so many training pictures, for a trial.")
@click.option("--stop-after", type=click.IntRange(1), help="Leave after so many epochs of the schedule, to resume later.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the run folder, to the same result.")
def face_lite(
    data: Path,
    out: Path,
    epochs: int,
    image_size: int,
    batch: int,
    peak_learning_rate: float,
    composites: int,
    sources: str,
    workers: int,
    device: str,
    threads: int | None,
    seed: int,
    limit: int | None,
    stop_after: int | None,
    resume: bool,
) -> None:
    """FaceLite, a small permissively licensed face detector, from scratch."""
    from realtime_fer.training.face_lite import train_face_lite

    checkpoint = train_face_lite(
        data=data,
        out=out,
        epochs=epochs,
        image_size=image_size,
        batch=batch,
        peak_learning_rate=peak_learning_rate,
        composites=composites,
        sources=sources.split(","),
        workers=workers,
        device=device,
        threads=threads,
        seed=seed,
        limit=limit,
        stop_after=stop_after,
        resume=resume,
        progress=click.echo,
    )
    click.echo(f"checkpoint: {checkpoint}; next: realtime-fer export face-lite --weights {checkpoint}")
