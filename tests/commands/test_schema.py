from __future__ import annotations

import json

import pytest

from realtime_fer.cli import cli, run
from realtime_fer.publishing.schema import json_schema


def test_it_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["schema"], "realtime-fer") == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
