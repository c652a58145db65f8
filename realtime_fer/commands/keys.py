"""`realtime-fer keys`: CURVE key files for a service and its subscribers."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def keys() -> None:
    """Make the key files that encrypt publishing and say who may subscribe."""


@keys.command("make")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", default="server", show_default=True, metavar="NAME", help="Name of the service's own key pair.")
@click.option(
    "--client", "clients", multiple=True, metavar="NAME", help="Also make a pair for this subscriber; may be repeated."
)
@click.option("--force", is_flag=True, help="Replace files that exist. Whoever trusts the old keys is cut off.")
def make(folder: Path, name: str, clients: tuple[str, ...], force: bool) -> None:
    """Make key files in FOLDER; secret ones get mode 0600.

    \b
    FOLDER/server.key_secret         stays with the service
    FOLDER/server.key                give it to every subscriber
    FOLDER/clients/NAME.key_secret   move it to that subscriber
    FOLDER/allowed/NAME.key          the allow-list: whoever has a key here may subscribe

    With --client and a service that has keys already, only the clients' pairs are made.
    """
    from realtime_fer.publishing.curve import SECRET_SUFFIX, make_keys

    made = []
    has_server_keys = (folder / f"{name}{SECRET_SUFFIX}").exists()
    if force or not clients or not has_server_keys:
        made.append(make_keys(folder, name, force=force))
    made.extend(make_keys(folder / "clients", client, public_folder=folder / "allowed", force=force) for client in clients)
    for files in made:
        click.echo(f"{files.secret_path}  secret, mode 0600")
        click.echo(f"{files.public_path}  public")
