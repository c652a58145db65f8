from __future__ import annotations

import inspect
from typing import Any

import click
import pytest
from click.testing import CliRunner

from realtime_fer.commands.placement_options import placement_options


def given(*arguments: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}

    @click.command()
    @placement_options(dtype="float16")
    def command(**options: Any) -> None:
        kept.update(options)

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return kept


def test_defaults_leave_the_choice_to_the_loader() -> None:
    assert given() == {"device": "auto", "device_map": None, "dtype": "float16", "bits": None, "threads": None}


def test_bits_are_a_number() -> None:
    assert given("--bits", "4", "--device", "cuda:1", "--threads", "2")["bits"] == 4


def test_the_names_are_those_of_the_loader() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from realtime_fer.reasoning.placement import choose_placement

    assert set(given()) == set(inspect.signature(choose_placement).parameters)
