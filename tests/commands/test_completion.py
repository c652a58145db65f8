from __future__ import annotations

import pytest
from click.testing import CliRunner

from realtime_fer.cli import cli
from realtime_fer.commands.completion import completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_our_program(shell: str) -> None:
    result = CliRunner().invoke(completion, [shell])
    assert result.exit_code == 0
    assert f"_REALTIME_FER_COMPLETE={shell}_complete" in result.output


def test_completion_offers_commands_and_options() -> None:
    runner = CliRunner()
    environment = {"_REALTIME_FER_COMPLETE": "bash_complete", "COMP_WORDS": "realtime-fer webcam --every", "COMP_CWORD": "2"}
    result = runner.invoke(cli, [], prog_name="realtime-fer", env=environment)
    assert "--every-frame" in result.output
    environment |= {"COMP_WORDS": "realtime-fer sub", "COMP_CWORD": "1"}
    assert "subscribe" in runner.invoke(cli, [], prog_name="realtime-fer", env=environment).output
