"""The command `realtime-fer`: one table of sub-commands, each imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from realtime_fer import __version__
from realtime_fer.errors import RealtimeFerError

EXIT_BAD_USAGE = 2
EXIT_INTERRUPTED = 130

COMMANDS = {
    "webcam": "realtime_fer.commands.webcam:webcam",
    "subscribe": "realtime_fer.commands.subscribe:subscribe",
    "describe": "realtime_fer.commands.describe:describe",
    "doctor": "realtime_fer.commands.doctor:doctor",
    "models": "realtime_fer.commands.models.command:models",
    "keys": "realtime_fer.commands.keys:keys",
    "schema": "realtime_fer.commands.schema:schema",
    "completion": "realtime_fer.commands.completion:completion",
    "convert": "realtime_fer.commands.convert:convert",
    "generate": "realtime_fer.commands.generate:generate",
    "train": "realtime_fer.commands.train.command:train",
    "export": "realtime_fer.commands.export.command:export",
    "evaluate": "realtime_fer.commands.evaluate.command:evaluate",
    "card": "realtime_fer.commands.card:card",
    "keyframes": "realtime_fer.commands.keyframes:keyframes",
}


class LazyGroup(click.Group):
    """Imports a sub-command only when it is named (or when the list of all is shown)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is wrong otherwise
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="realtime-fer")
def cli() -> None:
    """Facial expressions for robots: camera in, tracked faces and what they express out over ZeroMQ.

    Start with `realtime-fer doctor`, then `realtime-fer webcam --source demo`.
    """


def run(command: click.Command, arguments: Sequence[str] | None, program: str) -> int:
    """Run a command and turn every foreseen failure into one line on stderr and an exit code.

    Returns:
        The command's own code; 2 for bad usage or input; 130 after Ctrl-C.
    """
    try:
        code = command.main(args=None if arguments is None else list(arguments), prog_name=program, standalone_mode=False)
    except click.ClickException as error:
        return _complain_of_usage(program, error)
    except RealtimeFerError as error:
        return _complain(program, str(error))
    except OSError as error:
        if error.filename is None:
            raise
        # No room, no permission, a file where a folder should be: for the user to mend, wherever it was met.
        return _complain(program, f"{error.filename}: {error.strerror}; name another place, or mend this one")
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0


def main() -> None:
    """Entry point of `realtime-fer`."""
    sys.exit(run(cli, None, "realtime-fer"))


def _complain_of_usage(program: str, error: click.ClickException) -> int:
    if isinstance(error, click.UsageError) and error.ctx is not None and error.message == error.ctx.get_help():
        print(error.message, file=sys.stderr)  # a group without its sub-command: the help, as it is
        return EXIT_BAD_USAGE
    return _complain(program, error.format_message())


def _complain(program: str, message: str) -> int:
    print(f"{program}: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_BAD_USAGE
