"""`realtime-fer export chain-of-affect-tiny`."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command(name="chain-of-affect-tiny")
@click.option("--weights", type=_PATH, required=True, help="The checkpoint of `realtime-fer train chain-of-affect-tiny`.")
@click.option("--out", type=_PATH, default=Path("models/chain-of-affect-tiny"), show_default=True)
@click.option("--version", default="1.0", show_default=True)
def chain_of_affect_tiny(weights: Path, out: Path, version: str) -> None:
    """The tiny vision-language model, for ONNX Runtime and for transformers."""
    from realtime_fer.training.chain_of_affect_tiny.export import export_chain_of_affect_tiny

    click.echo(f"wrote {export_chain_of_affect_tiny(weights, out, version=version)}")
