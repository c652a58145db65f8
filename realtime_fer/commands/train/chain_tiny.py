"""`realtime-fer train chain-of-affect-tiny`: our own small vision-language model, on FER+ crowd votes."""

from __future__ import annotations

from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, RATE, loop_options, run_folder_option


@click.command(name="chain-of-affect-tiny")
@click.option("--data", type=PATH, required=True, help="ferplus_train.npz: images, votes.")
@click.option(
    "--vision-from",
    type=PATH,
    required=True,
    help="Checkpoint of `realtime-fer train emotion-gcn-ferplus`, whose trunk becomes the eyes.",
)
@run_folder_option("runs/chain-of-affect-tiny", "checkpoint, history, curves")
@click.option("--epochs", type=POSITIVE, default=3, show_default=True)
@click.option("--batch", type=POSITIVE, default=64, show_default=True, help="Faces a step; each is asked both questions.")
@click.option("--peak-learning-rate", type=RATE, default=2e-3, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(0), default=0.05, show_default=True)
@click.option(
    "--camera-share",
    type=click.FloatRange(0, 3),
    default=0.5,
    show_default=True,
    help="How many of the usual number of faces are shown small, blurred, grainy or compressed.",
)
@click.option("--hidden-size", type=POSITIVE, default=128, show_default=True, help="Width of the language model.")
@click.option("--intermediate-size", type=POSITIVE, default=384, show_default=True)
@click.option("--layers", type=POSITIVE, default=3, show_default=True)
@click.option("--heads", type=POSITIVE, default=4, show_default=True)
@loop_options("training faces")
def chain_of_affect_tiny(**settings: Any) -> None:
    """Chain-of-Affect's two questions in a few million parameters (extras: train, vlm)."""
    from realtime_fer.training.chain_of_affect_tiny.run import train_chain_of_affect_tiny

    checkpoint = train_chain_of_affect_tiny(**settings, progress=click.echo)
    click.echo(f"checkpoint: {checkpoint}; next: realtime-fer export chain-of-affect-tiny --weights {checkpoint}")
