from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.cli import cli, run
from realtime_fer.publishing.curve import AllowList, load_client_keys, load_server_keys


def make(*arguments: object) -> int:
    return run(cli, ["keys", "make", *map(str, arguments)], "realtime-fer")


def test_service_and_clients_get_what_they_need(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(tmp_path, "--client", "robot", "--client", "screen") == 0
    load_server_keys(tmp_path / "server.key_secret")
    robot = load_client_keys(tmp_path / "clients" / "robot.key_secret", tmp_path / "server.key")
    allowed = AllowList.from_folder(tmp_path / "allowed").names()
    assert sorted(allowed.values()) == ["robot", "screen"]
    assert allowed[robot.public_key] == "robot"
    secrets = list(tmp_path.rglob("*.key_secret"))
    assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600] * 3
    assert all(str(path) in capsys.readouterr().out for path in secrets[:1])


def test_existing_keys_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(tmp_path) == 0
    before = (tmp_path / "server.key_secret").read_bytes()
    assert make(tmp_path) == 2
    assert (tmp_path / "server.key_secret").read_bytes() == before
    assert capsys.readouterr().err.count("\n") == 1
    assert make(tmp_path, "--force") == 0
    assert (tmp_path / "server.key_secret").read_bytes() != before


def test_a_client_can_be_added_later_without_touching_the_service(tmp_path: Path) -> None:
    assert make(tmp_path, "--name", "cell") == 0
    before = (tmp_path / "cell.key_secret").read_bytes()
    assert make(tmp_path, "--name", "cell", "--client", "robot") == 0
    assert (tmp_path / "cell.key_secret").read_bytes() == before
    assert (tmp_path / "allowed" / "robot.key").exists()
    assert make(tmp_path, "--name", "cell", "--client", "robot") == 2
