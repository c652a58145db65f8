"""`realtime-fer models`: which models are here, which there are elsewhere, whose they are, whether their files are whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from realtime_fer.commands.models.convert import convert_group
from realtime_fer.commands.models.export import export_command
from realtime_fer.commands.models.fetch import fetch_command
from realtime_fer.commands.models.importing import import_command
from realtime_fer.errors import ModelError, ModelNotFoundError

if TYPE_CHECKING:
    from realtime_fer.zoo.catalogue import Published
    from realtime_fer.zoo.shelf import ShelvedModel

PIPED_WIDTH = 160


@click.group()
def models() -> None:
    """The models on this machine and the published ones: list, show, fetch, import, convert, verify, export."""


models.add_command(fetch_command)
models.add_command(import_command)
models.add_command(convert_group)
models.add_command(export_command)


@models.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also the published weights that are not here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_command(everything: bool, as_json: bool) -> int:
    """Every model with its task, size and licence."""
    from rich.console import Console
    from rich.table import Table

    from realtime_fer.zoo.catalogue import catalogue

    found, failed = _models_here()
    published = list(catalogue().values()) if everything else []
    if as_json:
        for model in found:
            row = {**model.manifest.model_dump(mode="json"), "origin": _origin(model), "folder": str(model.folder)}
            click.echo(json.dumps(row))
        for entry in published:
            row = {**entry.model_dump(mode="json", by_alias=True), "origin": "published", "state": _state(entry)}
            click.echo(json.dumps(row))
        return 1 if failed else 0
    console = Console(width=None if Console().is_terminal else PIPED_WIDTH)
    table = Table("name", "origin", "task", "version", "size", "licence", "what the licence means", show_lines=True)
    for model in found:
        m = model.manifest
        size = m.size_bytes + sum(further.size_bytes for further in m.further_files)
        table.add_row(
            model.folder.name, _origin(model), m.task, m.version, f"{size / 1e6:.1f} MB", m.licence, _short(m.licence_note)
        )
    console.print(table)
    if published:
        others = Table("name", "for", "how to get it", "size", "licences", title="Published weights", show_lines=True)
        for entry in published:
            licences = ", ".join(dict.fromkeys(licence.name for licence in entry.licences))
            others.add_row(entry.name, entry.kind, _state(entry), _size(entry), licences)
        console.print(others)
    more = "" if everything else " Published weights of others: realtime-fer models list --all."
    click.echo(
        "Shown in full: realtime-fer models show NAME. Searched: REALTIME_FER_MODELS, imported models, shipped models." + more
    )
    return 1 if failed else 0


@models.command()
@click.argument("name")
def show(name: str) -> None:
    """A model's manifest and card, and what is known of it as published."""
    from realtime_fer.commands.models.text import entry_lines
    from realtime_fer.zoo.catalogue import catalogue
    from realtime_fer.zoo.shelf import find_model

    entry = catalogue().get(name)
    try:
        model = find_model(name)
    except ModelNotFoundError as error:
        if entry is None:
            raise ModelNotFoundError(f"{error}; published weights: {', '.join(catalogue())}") from error
    else:
        click.echo(json.dumps(model.manifest.model_dump(mode="json"), indent=2))
        card = model.folder / "CARD.md"
        if card.is_file():
            click.echo()
            click.echo(card.read_text(encoding="utf-8"))
    if entry is not None:
        click.echo("\n".join([*entry_lines(entry), f"state: {_state(entry)}"]))


@models.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> int:
    """Compare weight files with their manifests, and fetched files with what is known of them; all if none is named."""
    from realtime_fer.zoo.catalogue import catalogue
    from realtime_fer.zoo.fetch import is_fetched, verify_fetched
    from realtime_fer.zoo.shelf import find_model, verify_model

    fetched = [entry for entry in catalogue().values() if is_fetched(entry) and (not names or entry.name in names)]
    only_fetched = {entry.name for entry in fetched} & set(names)
    found, failed = _models_here() if not names else ([], 0)
    for name in dict.fromkeys(names):
        try:
            found.append(find_model(name))
        except ModelNotFoundError:
            if name in only_fetched:
                continue
            if name in catalogue():
                raise ModelNotFoundError(f"{name}: is not here whole ({_state(catalogue()[name])})") from None
            raise
        except ModelError as error:
            failed += 1
            click.echo(f"{name}: {error}", err=True)
    for model in found:
        name = model.folder.resolve().name
        try:
            verify_model(model)
            click.echo(f"{name}: whole ({model.manifest.sha256})")
        except ModelError as error:
            failed += 1
            click.echo(f"{name}: {error}", err=True)
    for entry in fetched:
        try:
            for file, digest in verify_fetched(entry):
                click.echo(f"{entry.name} (as fetched): {file}: whole ({digest})")
        except ModelError as error:
            failed += 1
            click.echo(f"{entry.name} (as fetched): {error}", err=True)
    return 1 if failed else 0


def _models_here() -> tuple[list[ShelvedModel], int]:
    """The models whose manifests can be read, and how many others there are: a broken one is told of and hides no other."""
    from realtime_fer.zoo.manifest import read_manifest
    from realtime_fer.zoo.shelf import ShelvedModel, model_folders

    found, failed = [], 0
    for folder in model_folders():
        try:
            found.append(ShelvedModel(folder, read_manifest(folder)))
        except ModelError as error:
            failed += 1
            click.echo(f"{folder.name}: {error}", err=True)
    return found, failed


def _origin(model: ShelvedModel) -> str:
    from realtime_fer.zoo.user_folder import models_folder

    package_shelves = ("models", "_models")
    if model.folder.parent == models_folder():
        return "imported"
    shipped = model.folder.parent.name in package_shelves and (model.folder.parent.parent / "realtime_fer").is_dir()
    return "shipped" if shipped or model.folder.parent.name == "_models" else "REALTIME_FER_MODELS"


def _state(entry: Published) -> str:
    """How an entry is come by, or that it is here."""
    from realtime_fer.zoo.fetch import is_fetched
    from realtime_fer.zoo.manifest import MANIFEST_NAME
    from realtime_fer.zoo.user_folder import fetched_folder, models_folder

    if (models_folder() / entry.name / MANIFEST_NAME).is_file():
        return "imported"
    if is_fetched(entry):
        return "fetched" if entry.importer == "as-is" else f"fetched; then: realtime-fer models import {entry.name}"
    if entry.files and any(fetched_folder(entry.name).glob("*")):
        return f"begun; go on with: realtime-fer models fetch {entry.name}"
    if entry.nothing_published is not None:
        return "nothing published; train it, or import somebody's"
    return "by hand, then import" if entry.by_hand is not None else f"realtime-fer models fetch {entry.name}"


def _size(entry: Published) -> str:
    from realtime_fer.zoo.hardware import in_units

    if entry.size_note is not None or entry.size_bytes is None:
        return entry.size_note or "not known"
    return f"about {in_units(entry.size_bytes)}"


def _short(note: str, longest: int = 300) -> str:
    return note if len(note) <= longest else note[: note.rfind(" ", 0, longest)] + " ..."
