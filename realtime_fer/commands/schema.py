"""`realtime-fer schema`: the wire schema, for programs in other languages."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of every message the service publishes."""
    from realtime_fer.publishing.schema import packaged_schema

    click.echo(packaged_schema(), nl=False)
