"""`realtime-fer models`: which models are here, whose they are, whether their files are whole."""

from __future__ import annotations

import json

import click

from realtime_fer.errors import ModelError


@click.group()
def models() -> None:
    """The models on this machine: list, show, verify."""


@models.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_command(as_json: bool) -> None:
    """Every model with its task, size and licence."""
    from rich.console import Console
    from rich.table import Table

    from realtime_fer.zoo.shelf import list_models

    found = list_models()
    if as_json:
        for model in found:
            click.echo(model.manifest.model_dump_json())
        return
    table = Table("name", "task", "version", "size", "licence", "what the licence means", title=None, show_lines=True)
    for model in found:
        m = model.manifest
        table.add_row(m.name, m.task, m.version, f"{m.size_bytes / 1e6:.1f} MB", m.licence, m.licence_note)
    Console(width=None if Console().is_terminal else 160).print(table)
    click.echo("Shown in full: realtime-fer models show NAME. Searched: REALTIME_FER_MODELS, then the shipped models.")


@models.command()
@click.argument("name")
def show(name: str) -> None:
    """A model's manifest and card."""
    from realtime_fer.zoo.shelf import find_model

    model = find_model(name)
    click.echo(json.dumps(model.manifest.model_dump(mode="json"), indent=2))
    card = model.folder / "CARD.md"
    if card.is_file():
        click.echo()
        click.echo(card.read_text(encoding="utf-8"))


@models.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> int:
    """Compare weight files with their manifests; all models if none is named."""
    from realtime_fer.zoo.shelf import find_model, list_models, verify_model

    failed = 0
    for model in [find_model(name) for name in names] or list_models():
        try:
            verify_model(model)
            click.echo(f"{model.manifest.name}: whole ({model.manifest.sha256})")
        except ModelError as error:
            failed += 1
            click.echo(f"{model.manifest.name}: {error}", err=True)
    return 1 if failed else 0
