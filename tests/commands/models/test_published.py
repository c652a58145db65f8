"""`realtime-fer models` for published weights: list, show, fetch, import, verify, export."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from realtime_fer.cli import run
from realtime_fer.commands.models.command import models
from realtime_fer.errors import ModelNotFoundError
from realtime_fer.zoo import catalogue as module
from realtime_fer.zoo.catalogue import Published
from tests.zoo.conftest import CONTENT, home, no_proxy, server
from tests.zoo.test_fetch import served
from tests.zoo.weight_server import Behaviour

__all__ = ["home", "no_proxy", "server"]

pytestmark = pytest.mark.usefixtures("home")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(models, list(arguments), standalone_mode=False)


@pytest.fixture
def some(server: tuple[str, Behaviour], monkeypatch: pytest.MonkeyPatch) -> Published:
    """An entry that this machine serves, alone in the catalogue."""
    entry = served(server[0], "w.bin")
    found = {"some": entry}
    monkeypatch.setattr(module, "catalogue", lambda: found)
    return entry


def test_list_all_adds_the_published_ones() -> None:
    assert "opt-6.7b" not in invoke("list").output
    output = invoke("list", "--all").output
    for word in ("emotion-gcn-ferplus", "shipped", "opt-6.7b", "LicenseRef-OPT-175B", "by hand, then import"):
        assert word in output
    rows = [json.loads(line) for line in invoke("list", "--all", "--json").output.splitlines()]
    by_name = {row["name"]: row for row in rows}
    assert by_name["yolov8n-face"]["origin"] == "shipped"
    assert by_name["expllm"]["state"] == "by hand, then import"
    assert by_name["fmpn"]["import"].startswith("realtime-fer models import fmpn")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("chain-of-affect", ["Apache-2.0", "a700a1532efbe42a", "8.29 GB in 16 bits", "not verified:", "Trust on first use"]),
        ("exp-blip", ["OneDrive", "non-commercial research only", "--opt /", "needs as well: opt-6.7b"]),
        ("fmpn", ["files: none.", "realtime-fer train fmpn"]),
        ("inception-v3-imagenet", ["0cc3c7bd75056d25", "--pretrained /"]),
    ],
)
def test_show_tells_what_is_known_of_published_weights(name: str, words: list[str]) -> None:
    output = invoke("show", name).output
    for word in words:
        assert word in output, word
    assert "{" not in output


def test_show_of_an_unknown_name_lists_both_kinds() -> None:
    error = invoke("show", "nobody").exception
    assert isinstance(error, ModelNotFoundError)
    assert "yolov8n-face" in str(error)
    assert "chain-of-affect" in str(error)


def test_fetch_tells_the_licence_first_and_asks_nobody_without_a_terminal(
    some: Published, server: tuple[str, Behaviour]
) -> None:
    result = invoke("fetch", "some")
    assert "MIT" in result.output
    assert "--accept-licence" in str(result.exception)
    assert server[1].seen == []


def test_fetch_verify_list_and_take_away(
    some: Published, server: tuple[str, Behaviour], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke("fetch", "some", "--accept-licence")
    assert result.exception is None, result.exception
    assert result.output.index("MIT") < result.output.index("w.bin: from http") < result.output.index("some: whole, in")
    assert (home / "fetched" / "some" / "w.bin").read_bytes() == CONTENT
    result = invoke("verify", "some")
    assert (result.return_value, "some (as fetched): w.bin: whole" in result.output) == (0, True)
    assert "fetched" in invoke("list", "--all").output
    (home / "fetched" / "some" / "w.bin").write_bytes(b"damaged")
    result = invoke("verify")
    assert result.return_value == 1
    assert "expected sha256" in result.output


def test_fetch_of_what_no_program_can_fetch(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models, ["fetch", "exp-blip", "--accept-licence"], "realtime-fer") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "1drv.ms" in error
    assert "models import exp-blip" in error


def test_one_folder_for_one_entry() -> None:
    result = invoke("fetch", "chain-of-affect", "phi-3.5-vision-instruct", "--accept-licence", "--to", "x")
    assert "--to goes with one NAME" in str(result.exception)


def test_a_model_goes_to_another_machine_and_back(home: Path, tmp_path: Path) -> None:
    result = invoke("export", "face-lite", "--to", str(tmp_path / "face-lite.zip"))
    assert "licence: Apache-2.0" in result.output
    result = invoke("import", "face-lite", "--weights", str(tmp_path / "face-lite.zip"))
    assert result.exception is None, result.exception
    assert (home / "models" / "face-lite" / "manifest.json").is_file()
    rows = [json.loads(line) for line in invoke("list", "--json").output.splitlines()]
    assert {row["name"]: row["origin"] for row in rows}["face-lite"] == "imported"
    assert invoke("verify", "face-lite").return_value == 0
    assert "NAME: expected" in str(invoke("import", "../x", "--weights", str(tmp_path / "face-lite.zip")).exception)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden"])
def test_a_name_that_is_no_name_touches_nothing(home: Path, tmp_path: Path, name: str) -> None:
    invoke("export", "face-lite", "--to", str(tmp_path / "face-lite.zip"))
    invoke("import", "face-lite", "--weights", str(tmp_path / "face-lite.zip"))
    before = sorted((home / "models").rglob("*"))
    for arguments in ((), ("--replace",)):
        result = invoke("import", name, "--weights", str(tmp_path / "face-lite.zip"), *arguments)
        assert "NAME: expected the name of a model" in str(result.exception)
    assert sorted((home / "models").rglob("*")) == before


def test_verify_of_what_is_not_here_says_how_to_get_it(some: Published, home: Path) -> None:
    error = invoke("verify", "some").exception
    assert isinstance(error, ModelNotFoundError)
    assert "some: is not here whole (realtime-fer models fetch some)" in str(error)
    (home / "fetched" / "some").mkdir(parents=True)
    (home / "fetched" / "some" / "w.bin.part").write_bytes(b"x")
    assert "(begun; go on with: realtime-fer models fetch some)" in str(invoke("verify", "some").exception)
    assert "begun; go on with" in invoke("list", "--all", "--json").output


def test_import_of_what_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"x")
    error = invoke("import", "nobody", "--weights", str(tmp_path / "w.pth")).exception
    assert isinstance(error, ModelNotFoundError)
    assert "neither published" in str(error)
    for name in ("glove-6b", "nobody"):
        error = invoke("import", name, "--weights", str(tmp_path / "absent")).exception
        assert "absent: no such file" in str(error)


def test_import_keeps_files_that_are_used_as_they_are(some: Published, tmp_path: Path, home: Path) -> None:
    (tmp_path / "w.bin").write_bytes(CONTENT)
    result = invoke("import", "some", "--weights", str(tmp_path / "w.bin"))
    assert result.exception is None, result.exception
    assert f"some: imported, whole, in {home / 'fetched' / 'some'}" in result.output


SCRIPT = """
import sys
from realtime_fer.zoo import catalogue
from tests.zoo.test_fetch import served
found = {"some": served(sys.argv[1], "w.bin")}
catalogue.catalogue = lambda: found
from realtime_fer.cli import cli, run
sys.exit(run(cli, ["models", "fetch", "some"], "realtime-fer"))
"""


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_it_asks_and_shows_a_bar(server: tuple[str, Behaviour], home: Path, answer: str) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, server[0]], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    output, asked, end = b"", False, time.monotonic() + 30
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # its end has gone
                break
            if not piece:
                break
            output += piece
            if not asked and b"[y/N]" in output:
                assert server[1].seen == [], "not before the answer"
                os.write(ours, f"{answer}\n".encode())
                asked = True
        code = process.wait(10)
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)
    text = output.decode(errors="replace")
    assert asked, text
    if answer == "y":
        assert code == 0, text
        assert "100%" in text or "1.0/1.0 MB" in text, text
        assert (home / "fetched" / "some" / "w.bin").read_bytes() == CONTENT
    else:
        assert code == 1
        assert "nothing was fetched" in text
        assert not (home / "fetched").exists()
