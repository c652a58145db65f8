from __future__ import annotations

from typing import Any

import click
from click.testing import CliRunner

from realtime_fer.commands.train.vlm_options import step_options
from realtime_fer.training.vlm.recipe import StepRecipe

RECIPE = StepRecipe(epochs=3, batch=8, micro_batch=2, peak_learning_rate=0.5, weight_decay=0.1, clip_norm=None)


def test_defaults_are_the_recipes_and_the_order_is_kept() -> None:
    seen: dict[str, Any] = {}

    @click.command()
    @step_options(RECIPE)
    def command(**given: Any) -> None:
        seen.update(given)

    assert CliRunner().invoke(command, []).exit_code == 0
    assert seen.pop("recipe") == RECIPE
    assert seen.pop("progress") is click.echo
    assert seen == {"workers": 4, "device": "auto", "threads": None, "stop_after": None, "resume": False}
    shown = CliRunner().invoke(command, ["--help"]).output
    assert shown.index("--epochs") < shown.index("--batch") < shown.index("--resume")
