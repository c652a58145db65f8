"""`realtime-fer export chain-of-affect-tiny`."""

from __future__ import annotations

from pathlib import Path

import click

from realtime_fer.commands.export.options import model_folder_options


@click.command(name="chain-of-affect-tiny")
@model_folder_options("The checkpoint of `realtime-fer train chain-of-affect-tiny`.", "models/chain-of-affect-tiny")
def chain_of_affect_tiny(weights: Path, out: Path, version: str) -> None:
    """The tiny vision-language model, for ONNX Runtime and for transformers."""
    from realtime_fer.training.chain_of_affect_tiny.export import export_chain_of_affect_tiny

    click.echo(f"wrote {export_chain_of_affect_tiny(weights, out, version=version)}")
