"""`realtime-fer completion`: shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "realtime-fer"
COMPLETE_VARIABLE = "_REALTIME_FER_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  realtime-fer completion bash > ~/.local/share/bash-completion/completions/realtime-fer
    zsh:   realtime-fer completion zsh > "${fpath[1]}/_realtime-fer"
    fish:  realtime-fer completion fish > ~/.config/fish/completions/realtime-fer.fish
    """
    from realtime_fer.cli import cli

    completion_class = get_completion_class(shell)
    assert completion_class is not None  # noqa: S101 - the choice above lists click's own shells
    click.echo(completion_class(cli, {}, PROGRAM, COMPLETE_VARIABLE).source())
