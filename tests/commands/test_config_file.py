from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from realtime_fer.commands.config_file import config_option, read_config
from realtime_fer.commands.train.emotion_gcn import emotion_gcn
from realtime_fer.commands.train.fmpn import fmpn
from realtime_fer.errors import SettingsError


@click.command()
@config_option
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--learning-rate", type=click.FloatRange(0, 1), default=0.1)
@click.option("--size", "size_px", type=click.IntRange(4))
@click.option("--norm", type=click.Choice(["batch", "none"]), default="batch")
@click.option("--mask/--no-mask", "with_mask", default=True)
@click.option("--resume", is_flag=True)
@click.option("--images", type=click.Path(path_type=Path), multiple=True)
@click.pass_context
def work(context: click.Context, /, **settings: Any) -> None:
    """A command to configure."""
    context.obj.update(settings)


def run(folder: Path, text: str, *arguments: str) -> dict[str, Any]:
    """What the command gets, given a file of this text and these arguments."""
    (folder / "c.yaml").write_text(text)
    seen: dict[str, Any] = {}
    work.main([*arguments, "--config", str(folder / "c.yaml")], obj=seen, standalone_mode=False)
    return seen


def test_values_become_defaults(tmp_path: Path) -> None:
    text = "data: there\nlearning_rate: 1e-3\nsize: 48\nnorm: none\nmask: false\nresume: true\nimages: [a, b]\n"
    assert run(tmp_path, text) == {
        "data": Path("there"),
        "learning_rate": 0.001,
        "size_px": 48,
        "norm": "none",
        "with_mask": False,
        "resume": True,
        "images": (Path("a"), Path("b")),
    }


def test_the_command_line_wins_and_the_rest_keeps_its_defaults(tmp_path: Path) -> None:
    seen = run(tmp_path, "data: there\nlearning-rate: 0.5\nsize:\n", "--learning-rate", "0.25", "--data", "here", "--no-mask")
    assert (seen["data"], seen["learning_rate"], seen["size_px"], seen["with_mask"]) == (Path("here"), 0.25, None, False)
    assert run(tmp_path, "", "--data", "here")["norm"] == "batch"


KNOWN = "known keys: data, learning-rate, size, norm, mask, resume, images"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sise: 48", r"c\.yaml: key 'sise' \(value 48\) is no option; " + KNOWN),
        ("config: other.yaml", "key 'config'"),
        ("size: big", r"c\.yaml: key 'size': 'big' is not a valid integer range; found 'big'; " + KNOWN),
        ("size: 3", "key 'size': 3 is not in the range x>=4; found 3"),
        ("size: true", "key 'size': expected a whole number; found True"),
        ("size: 4.5", "key 'size': expected a whole number; found 4.5"),
        ("learning-rate: [0.1]", r"key 'learning-rate': expected a number; found \[0\.1\]"),
        ("norm: 3", "key 'norm': expected text; found 3"),
        ("norm: layer", "key 'norm': 'layer' is not one of 'batch', 'none'"),
        ("data: 5", "key 'data': expected text; found 5"),
        ("resume: 1", "key 'resume': expected true or false; found 1"),
        ("mask: 'yes'", "key 'mask': expected true or false; found 'yes'"),
        ("images: a", "key 'images': expected a list; found 'a'"),
        ("- data", r"expected one mapping of option names to values, found \['data'\]"),
        ("data: [", "not YAML"),
    ],
)
def test_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml: cannot be read \(No such file.*known keys: data"):
        read_config(tmp_path / "absent.yaml", work)


@pytest.mark.parametrize("command", [emotion_gcn, fmpn])
def test_the_trainings_take_it(tmp_path: Path, command: click.Command) -> None:
    (tmp_path / "c.yaml").write_text("epochs: 7\nheld-out: 0.2\nseed: 4\n")
    assert read_config(tmp_path / "c.yaml", command) == {"epochs": 7, "held_out": 0.2, "seed": 4}
    assert "--config" in CliRunner().invoke(command, ["--help"]).output
