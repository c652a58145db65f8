"""`realtime-fer models export`: a verified copy of a model for another machine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="export")
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER|FILE.zip",
    help="FOLDER gets a sub-folder with the model's name; FILE.zip holds it packed.",
)
def export_command(name: str, to: Path) -> None:
    """Copy or pack the model NAME, and compare what was written.

    On the other machine: realtime-fer models import NAME --weights FILE.zip. What may be passed on says the model's licence.
    """
    from realtime_fer.zoo.model_package import export_model
    from realtime_fer.zoo.shelf import find_model

    model = find_model(name)
    written = export_model(model, to)
    click.echo(f"{name}: whole, in {written}")
    click.echo(f"licence: {model.manifest.licence}. {model.manifest.licence_note}")
    click.echo(f"on the other machine: realtime-fer models import {name} --weights {written.name}")
