"""`realtime-fer models fetch`: published weights from their authors' addresses, after a look at their licences."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtime_fer.zoo.catalogue import Published


@click.command(name="fetch")
@click.argument("names", nargs=-1, required=True)
@click.option("--accept-licence", is_flag=True, help="You have read the licences (`models show NAME`) and accept them.")
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.  [default: the user's data folder]"
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1), default=30, show_default=True, help="Seconds of silence.")
def fetch_command(names: tuple[str, ...], accept_licence: bool, to: Path | None, timeout_s: float) -> int:
    """Fetch the published weights NAMES (see `models list --all`); what was begun is gone on with.

    The licences are shown before anything is fetched. Files get their names only once size and SHA-256 are right. HTTPS_PROXY
    and NO_PROXY count.
    """
    from realtime_fer.commands.models.progress import told_progress
    from realtime_fer.zoo.catalogue import find_published
    from realtime_fer.zoo.fetch import fetch, require_fetchable
    from realtime_fer.zoo.user_folder import as_typed

    if to is not None and len(names) > 1:
        raise click.UsageError("--to goes with one NAME; fetch each into its own folder")
    entries = [find_published(name) for name in names]
    for entry in entries:
        require_fetchable(entry)
    if not _agreed(entries, accept_licence):
        click.echo("nothing was fetched", err=True)
        return 1
    for entry in entries:
        try:
            with told_progress() as progress:
                folder = fetch(entry, progress, to, timeout_s=timeout_s)
        except KeyboardInterrupt:
            click.echo("stopped; what came is kept, and the same command goes on", err=True)
            raise
        click.echo(f"{entry.name}: whole, in {folder}")
        given = "" if to is None or entry.importer == "as-is" else f" --weights {folder}"
        if entry.importer != "as-is":
            click.echo(f"next: realtime-fer models import {entry.name}{given}")
        else:
            click.echo(f"next: {as_typed(entry.use)}")
        missing = [name for name in entry.needs if name not in names]
        if missing:
            click.echo(f"needs as well: realtime-fer models fetch {' '.join(missing)}")
    return 0


def _agreed(entries: list[Published], accepted: bool) -> bool:
    """Show the terms, and ask unless the flag has answered.

    Raises:
        click.UsageError: there is nobody to ask.
    """
    from realtime_fer.commands.models.text import licence_lines
    from realtime_fer.zoo.hardware import in_units

    for entry in entries:
        click.echo("\n".join(licence_lines(entry)))
        size = f"about {in_units(entry.size_bytes)}" if entry.size_bytes else "of a size that is not known"
        count = f"{len(entry.files)} file{'s' * (len(entry.files) > 1)}"
        click.echo(f"{count}, {entry.size_note or size}")
    if accepted:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            f"the licences of {', '.join(entry.name for entry in entries)} must be accepted and nobody can be asked here; "
            "read them above, then give --accept-licence"
        )
    return click.confirm("Do you accept these licences and want to go on?", default=False)
