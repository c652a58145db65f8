"""`--config FILE.yaml`: a file of option names and values, instead of a long command line.

    dataset: affectnet        # as on the command line, without the dashes; held_out and held-out are the same
    learning-rate: 1e-3
    resume: true              # a flag

What the command line says wins. Paths are as on the command line: relative to where the command is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from realtime_fer.errors import SettingsError

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

NAME = "config"


def config_option(function: AnyFunction) -> AnyFunction:
    """Give a command the option `--config`; put it nearest to the function's other options."""
    return click.option(
        f"--{NAME}",
        type=click.Path(path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_take,
        help="YAML file of option names and values, as defaults; the command line wins.",
    )(function)


def read_config(path: Path, command: click.Command) -> dict[str, Any]:
    """Values for a command's parameters, by parameter name, as click's `default_map` takes them.

    Args:
        path: YAML file, one mapping; an empty value (`key:`) leaves the option's own default.
        command: whose long option names, without dashes, are the keys.

    Raises:
        SettingsError: the file cannot be read, is no mapping, or a key is unknown or its value of another type; the message
            names file, key, value found and the known keys.
    """
    known = {_plain(max(option.opts, key=len)): option for option in command.params if isinstance(option, click.Option)}
    known = {name: option for name, option in known.items() if name not in (NAME, "help")}
    names = ", ".join(known)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"config {path}: cannot be read ({error.strerror}); known keys: {names}") from error
    except (yaml.YAMLError, ValueError) as error:  # not UTF-8, or a date that does not exist
        raise SettingsError(f"config {path}: not YAML: {error}") from error
    if content is None:
        content = {}
    if not isinstance(content, Mapping):
        raise SettingsError(f"config {path}: expected one mapping of option names to values, found {content!r}; keys: {names}")
    found: dict[str, Any] = {}
    for key, value in content.items():
        option = known.get(_plain(str(key)))
        if option is None:
            raise SettingsError(f"config {path}: key {key!r} (value {value!r}) is no option; known keys: {names}")
        if value is not None:
            _require_fit(option, value, f"config {path}: key {key!r}", names)
            found[str(option.name)] = value
    return found


def _take(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.default_map = {**(context.default_map or {}), **read_config(path, context.command)}


def _plain(name: str) -> str:
    return name.lstrip("-").replace("_", "-")


def _require_fit(option: click.Option, value: Any, where: str, names: str) -> None:
    """Raise unless the option takes the value; YAML's own types are not turned into others."""
    many = option.multiple or option.nargs != 1
    wanted, types = _accepted(option)
    try:
        if many and not isinstance(value, list):
            raise click.BadParameter("expected a list")
        for single in value if many else [value]:
            # To Python a bool is a whole number.
            if not isinstance(single, types) or (isinstance(single, bool) and bool not in types):
                raise click.BadParameter(f"expected {wanted}")
            option.type.convert(single, option, None)
    except click.BadParameter as error:
        raise SettingsError(f"{where}: {error.message.rstrip('.')}; found {value!r}; known keys: {names}") from error


def _accepted(option: click.Option) -> tuple[str, tuple[type, ...]]:
    """What an option wants, in words and as types; numbers may come as text, since 1e-3 is text to YAML."""
    if option.is_flag:
        return "true or false", (bool,)
    if isinstance(option.type, click.types.IntParamType):
        return "a whole number", (int, str)
    if isinstance(option.type, click.types.FloatParamType):
        return "a number", (int, float, str)
    return "text", (str,)
