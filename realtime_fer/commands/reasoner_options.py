"""Options of a reasoner as they are typed: --reasoner-option KEY=VALUE."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
import yaml


def read_reasoner_options(texts: Iterable[str]) -> dict[str, Any]:
    """Each KEY=VALUE, the value read as YAML, as in the environment; a later one wins.

    Raises:
        click.UsageError: one has another form, or its value cannot be read.
    """
    return dict(map(_read_option, texts))


def _read_option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.UsageError(f"--reasoner-option {text}: expected KEY=VALUE")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise click.UsageError(f"--reasoner-option {key}: {value!r} cannot be read as a value") from error
