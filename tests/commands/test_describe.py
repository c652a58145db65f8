"""The command on small pictures and films, with a fast path and a reasoner that say what they are told; and once for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from realtime_fer import cli
from realtime_fer.pipeline import assemble
from realtime_fer.sources.demo_scene import DemoScene
from tests.describing import parts

FACTORY = "tests.describing.parts:talker"


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pictures with one face each, for a fast path that finds it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        parts.write_picture(folder / f"{number}.png")

    def build_fast_path(_: object, *, unrelated_frames: bool) -> tuple[object, tuple[()]]:
        return parts.fast_path(unrelated_frames, faces=1), ()

    monkeypatch.setattr(assemble, "build_fast_path", build_fast_path)
    return folder


def run(*arguments: object) -> int:
    return cli.run(cli.cli, ["describe", *map(str, arguments), "--reasoner-factory", FACTORY], "realtime-fer")


def test_a_picture_is_told_in_lines(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pictures / "0.png") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0.png: 1 face"
    assert "    Face 1 smiles." in lines


def test_a_folder_is_told_in_json(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pictures, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["0.png", "1.png", "2.png"]
    assert all(line["faces"][0]["answer"]["text"] for line in lines)


def test_a_run_that_was_cut_off_goes_on(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert run(pictures, "--out", out, "--reasoner-option", "interrupted=true") == cli.EXIT_INTERRUPTED
    assert len(out.read_text().splitlines()) == 2
    capsys.readouterr()
    assert run(pictures, "--out", out, "--json") == 0
    assert [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()] == ["2.png"], "nothing asked twice"
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == ["0.png", "1.png", "2.png"]
    capsys.readouterr()
    assert run(pictures, "--out", out, "--json") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "out.jsonl: has 3 of them from before" in said.err, "or it would end without a word"


def test_two_folders_with_the_same_names_go_into_one_file(pictures: Path, tmp_path: Path) -> None:
    out, others = tmp_path / "out.jsonl", tmp_path / "others"
    others.mkdir()
    parts.write_picture(others / "0.png", step=5)
    assert run(pictures, "--out", out) == 0
    assert run(others, "--out", out) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["source"], line["name"]) for line in lines if line["name"] == "0.png"] == [
        (str(pictures), "0.png"),
        (str(others), "0.png"),
    ]


def test_what_failed_is_told_by_the_exit_code_and_tried_again(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "3.png").write_bytes(b"no picture")
    out = tmp_path / "out.jsonl"
    assert run(pictures, "--out", out, "--reasoner-option", "fails=1") == 1
    said = capsys.readouterr().out
    assert "no answer: ValueError: no idea" in said
    assert "3.png: " in said
    (pictures / "3.png").unlink()
    assert run(pictures, "--out", out) == 0
    assert len(out.read_text().splitlines()) == 7
    assert "out.jsonl: has lines under other options of the reasoner" in capsys.readouterr().err


def test_a_film_is_told_by_its_seconds(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parts.write_film(tmp_path / "film.avi"), "--every", "1.5", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["time_s"] for line in lines] == [pytest.approx(0.8, abs=0.05), pytest.approx(2.3, abs=0.05)]


def test_bad_use_is_one_line(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, expected in (
        ((tmp_path / "nothing.jpg",), "no such file"),
        (("0",), "found a camera or stream"),
        ((pictures, "--reasoner-option", "interrupted"), "expected KEY=VALUE"),
        ((pictures, "--reasoner-option", "unknown=1"), "do not fit"),
        ((pictures, "--out", tmp_path / "nowhere" / "x.jsonl"), "cannot be kept there"),
        ((pictures, "--reasoner-option", "fails=1", "--reasoner-option", "out_of_memory=true"), "out of memory at 0.png"),
    ):
        assert run(*arguments) == cli.EXIT_BAD_USAGE
        (line,) = capsys.readouterr().err.splitlines()
        assert expected in line


def test_the_tiny_reasoner_describes_a_real_picture(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    picture = tmp_path / "scene.png"
    cv2.imwrite(str(picture), DemoScene().render(60))
    program = [sys.executable, "-c", "from realtime_fer.cli import main; main()"]
    command = [*program, "describe", str(picture), "--reasoner", "chain-of-affect-tiny", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    faces = json.loads(done.stdout)["faces"]
    assert faces
    for face in faces:
        assert face["answer"]["model"] == "chain-of-affect-tiny"
        assert sum(face["answer"]["steps"][0]["distribution"].values()) == pytest.approx(1, abs=1e-3)
