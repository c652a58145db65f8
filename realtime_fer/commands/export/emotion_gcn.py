"""`realtime-fer export emotion-gcn`: from the authors' weights to a model folder that the service loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.export.written import written

_PATH = click.Path(path_type=Path)


@click.command(name="emotion-gcn")
@click.option(
    "--weights",
    type=_PATH,
    required=True,
    help="Checkpoint of Emotion-GCN (.pt, .pth), as its authors publish it or `realtime-fer train emotion-gcn` writes it.",
)
@click.option(
    "--backbone",
    type=click.Choice(["densenet121", "bregnext50"]),
    help="What the file should hold.  [default: found by its tensors]",
)
@click.option(
    "--task",
    type=click.Choice(["multi", "single"]),
    help="With valence and arousal, or expressions alone.  [default: found by its tensors]",
)
@click.option(
    "--embeddings",
    type=_PATH,
    help="The graph's word vectors: the authors' emb.pkl, .npy (9, 300), or GloVe's .txt.  [default: found beside the weights]",
)
@click.option(
    "--dataset",
    type=click.Choice(["affectnet", "affwild2"]),
    help="What the weights were trained on; decides the order of the labels.  [default: what the file says, else affectnet]",
)
@click.option(
    "--size",
    "size_px",
    type=int,
    metavar="PX",
    help="Side of the face.  [default: what the file says, else 227 for densenet121 on affectnet, else 112]",
)
@click.option(
    "--margin",
    type=click.FloatRange(-0.4, 2.0),
    default=0.0,
    show_default=True,
    help="Added around a detector's box on each side, as a share of its longer side.",
)
@click.option("--out", type=_PATH, default=Path("models/emotion-gcn"), show_default=True)
@click.option("--version", default="1.0", show_default=True)
@click.option("--licence", default="LicenseRef-unknown", show_default=True, help="SPDX identifier of the weights' licence.")
def emotion_gcn(weights: Path, out: Path, **options: Any) -> None:
    """Emotion-GCN as published, the graph folded to one matrix: seven expressions, valence and arousal."""
    from realtime_fer.training.emotion_gcn.export import export_emotion_gcn

    click.echo(written(export_emotion_gcn(weights, out, **options)))
