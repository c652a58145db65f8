from __future__ import annotations

import pytest
from click.testing import CliRunner

from realtime_fer.cli import cli
from realtime_fer.commands.evaluate.words import WORDS


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_a_command_of_its_own(word: str) -> None:
    result = CliRunner().invoke(cli, ["evaluate", word, "--help"])
    assert result.exit_code == 0, result.output
    assert f"evaluate {word} [OPTIONS]" in result.output


def test_the_help_of_evaluate_names_them() -> None:
    output = " ".join(CliRunner().invoke(cli, ["evaluate", "--help"]).output.split())
    for word in WORDS:
        assert f"evaluate {word} --help" in output


def test_other_first_words_are_models(capsys: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(cli, ["evaluate", "nothing", "--data", "x", "--protocol", "ferplus-majority"])
    assert "model 'nothing': expected one of the models here" in str(result.exception)
    # A word that is an option's value is no command.
    result = CliRunner().invoke(cli, ["evaluate", "nothing", "--protocol", "ferplus-majority", "--data", "folds"])
    assert "model 'nothing'" in str(result.exception)
