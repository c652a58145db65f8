from __future__ import annotations

from typing import Any

import click
from click.testing import CliRunner

from realtime_fer.commands.train.loop_options import loop_options


def test_what_they_are_by_default_and_their_order() -> None:
    seen: dict[str, Any] = {}

    @click.command()
    @loop_options("pictures of cats")
    def command(**given: Any) -> None:
        seen.update(given)

    assert CliRunner().invoke(command, []).exit_code == 0
    assert seen == {"seed": 0, "device": "cpu", "threads": None, "limit": None, "stop_after": None, "resume": False}
    shown = CliRunner().invoke(command, ["--help"]).output
    assert "At most so many pictures of cats" in shown
    assert shown.index("--seed") < shown.index("--limit") < shown.index("--resume")
