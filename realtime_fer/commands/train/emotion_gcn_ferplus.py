"""`realtime-fer train emotion-gcn-ferplus`: the classifier that ships."""

from __future__ import annotations

from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, RATE, SHARE, loop_options, run_folder_option


@click.command(name="emotion-gcn-ferplus")
@click.option("--data", type=PATH, required=True, help="ferplus_train.npz: images, votes.")
@run_folder_option("runs/expression", "checkpoint, history, curves")
@click.option("--epochs", type=POSITIVE, default=64, show_default=True)
@click.option("--batch", type=POSITIVE, default=128, show_default=True)
@click.option("--peak-learning-rate", type=RATE, default=3e-3, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(0), default=0.05, show_default=True)
@click.option("--dropout", type=SHARE, default=0.2, show_default=True)
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
    "--teacher", "teachers", type=PATH, multiple=True, help="Checkpoint of an earlier run to learn from; may be repeated."
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
@click.option("--start-from", type=PATH, help="Checkpoint of an earlier run with the same backbone, to begin with.")
@loop_options("training faces")
def emotion_gcn_ferplus(**settings: Any) -> None:
    """Compact Emotion-GCN on FER+ crowd votes."""
    from realtime_fer.training.emotion_gcn_ferplus.run import train_expression

    checkpoint = train_expression(**settings, progress=click.echo)
    click.echo(f"checkpoint: {checkpoint}; next: realtime-fer export emotion-gcn-ferplus --weights {checkpoint}")
