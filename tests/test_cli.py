from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from realtime_fer import __version__
from realtime_fer.cli import COMMANDS, cli, run
from realtime_fer.errors import SourceUnavailableError


def test_every_command_in_the_table_exists_and_has_help() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"  {name} " in result.output
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_version() -> None:
    assert __version__ in CliRunner().invoke(cli, ["--version"]).output


def fail_with(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SourceUnavailableError("camera 3: not\n  there"), 2, "prog: camera 3: not there\n"),
        (click.UsageError("no such thing"), 2, "prog: no such thing\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (
            PermissionError(13, "Permission denied", "/runs"),
            2,
            "prog: /runs: Permission denied; name another place, or mend this one\n",
        ),
    ],
)
def test_failures_become_one_line_and_a_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fail_with(error), [], "prog") == code
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("arguments", [[], ["keys"]])
def test_a_group_without_a_command_shows_its_help_as_it_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(cli, arguments, "realtime-fer")
    shown = capsys.readouterr()
    lines = (shown.out + shown.err).splitlines()
    assert lines[0].startswith("Usage: ")
    assert "Commands:" in lines


@pytest.mark.parametrize("arguments", ["doctor", "schema", "models list", "--help"])
def test_a_reader_that_went_away_is_no_traceback(arguments: str) -> None:
    """`realtime-fer doctor | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", "from realtime_fer.cli import main; main()", *arguments.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_unforeseen_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(fail_with(ZeroDivisionError()), [], "prog")
    with pytest.raises(OSError, match="without a file"):
        run(fail_with(OSError("without a file")), [], "prog")


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    """Bad usage and --help answer at once: nothing of OpenCV, ONNX Runtime or torch is loaded for them."""
    script = (
        "import sys, realtime_fer.webcam, realtime_fer.cli\n"
        "print([m for m in ('cv2', 'onnxruntime', 'torch', 'scipy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_service_never_needs_torch_or_ultralytics() -> None:
    script = (
        "import sys; sys.modules['torch'] = None; sys.modules['ultralytics'] = None\n"
        "import realtime_fer.pipeline.launch, realtime_fer.commands.webcam\n"
        "from realtime_fer.pipeline.assemble import build_fast_path\n"
        "from realtime_fer.settings_layers import load_settings\n"
        "build_fast_path(load_settings()); print('ok')"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "ok"
