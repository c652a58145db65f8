"""The service as a person runs it: a process, its exit code, its one line on stderr, its files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.publishing.message import FrameMessage, HealthMessage
from realtime_fer.publishing.subscriber import Subscriber

PROCESS_TIMEOUT_S = 50
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if not k.startswith(("REALTIME_FER_", "DISPLAY", "WAYLAND"))}}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "realtime_fer.webcam", *map(str, arguments)]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=PROCESS_TIMEOUT_S,
        env={**ENVIRONMENT, **environment},
        check=False,
    )


def assert_one_line(result: subprocess.CompletedProcess[str], *says: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for words in says:
        assert words in result.stderr


def save_clip(path: Path, *, frames: int = 12, width: int = 160, height: int = 120) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (width, height))
    for i in range(frames):
        writer.write(np.full((height, width, 3), 8 * i, np.uint8))
    writer.release()
    return path


def test_the_contract(tmp_path: Path) -> None:
    results, summary, video = tmp_path / "r.jsonl", tmp_path / "s.json", tmp_path / "v.mp4"
    done = run(
        "--source",
        "demo:40",
        "--headless",
        "--every-frame",
        "--results",
        results,
        "--summary",
        summary,
        "--record",
        video,
        "--bind",
        "tcp://127.0.0.1:*",
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [line["frame_id"] for line in lines] == list(range(40))
    for line in lines:
        for face in line["faces"]:
            assert face["track_id"] >= 1
            assert len(face["bbox_xyxy"]) == 4
            assert face["expression"]["label"] in {*face["expression"]["probabilities"], "unknown"}
            assert sum(face["expression"]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    counts = json.loads(summary.read_text())
    assert counts["frames_captured"] == counts["frames_processed"] == 40
    assert counts["frames_dropped"] == 0
    assert counts["faces_total"] == sum(len(line["faces"]) for line in lines) > 40
    assert counts["messages_published"] > 40
    assert {model["name"]: model["sha256"] for model in counts["models"]}.keys() == {"yolov8n-face", "emotion-gcn-ferplus"}
    assert all(counts["latency_ms"][p] > 0 for p in ("p50", "p95", "p99"))
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 40
    assert "40 of 40 frames" in done.stderr


def test_two_runs_of_a_file_agree(tmp_path: Path) -> None:
    faces = []
    for name in ("a", "b"):
        done = run("--source", "demo:15", "--headless", "--every-frame", "--no-publish", "--results", tmp_path / name)
        assert done.returncode == 0, done.stderr
        faces.append([json.loads(line)["faces"] for line in (tmp_path / name).read_text().splitlines()])
    assert faces[0] == faces[1]


def test_zero_faces(tmp_path: Path) -> None:
    clip = save_clip(tmp_path / "c.avi")
    done = run(
        "--source",
        clip,
        "--headless",
        "--every-frame",
        "--no-publish",
        "--results",
        tmp_path / "r",
        "--summary",
        tmp_path / "s",
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["faces"] for line in (tmp_path / "r").read_text().splitlines()] == [[]] * 12
    assert json.loads((tmp_path / "s").read_text())["faces_total"] == 0


@pytest.mark.parametrize("shape", [(1, 1), (37, 51), (50, 41, 4), (33, 44, 3), (2, 900, 3)])
def test_pictures_of_any_form(tmp_path: Path, shape: tuple[int, ...]) -> None:
    cv2.imwrite(str(tmp_path / "p.png"), np.full(shape, 100, np.uint8))
    done = run("--source", tmp_path / "p.png", "--headless", "--no-publish", "--results", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "r").read_text().splitlines()) == 1


def test_no_camera() -> None:
    assert_one_line(run("--source", "97", "--headless"), "97")


def test_no_such_file() -> None:
    assert_one_line(run("--source", "none.mp4", "--headless"), "none.mp4")


def test_a_text_file_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "t.mp4").write_text("hello\n" * 100)
    assert_one_line(run("--source", tmp_path / "t.mp4", "--headless"), "t.mp4")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "e.mp4").touch()
    assert_one_line(run("--source", tmp_path / "e.mp4", "--headless"), "e.mp4")


def test_a_truncated_video_gives_what_it_holds(tmp_path: Path) -> None:
    clip = save_clip(tmp_path / "c.avi", frames=30, width=320, height=240)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    done = run("--source", clip, "--headless", "--every-frame", "--no-publish", "--results", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert 5 < len((tmp_path / "r").read_text().splitlines()) < 30


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_line(
            run("--source", save_clip(tmp_path / "c.avi"), "--headless", "--bind", f"tcp://127.0.0.1:{port}"), str(port)
        )


def test_beyond_this_machine_without_keys() -> None:
    assert_one_line(run("--source", "demo:3", "--headless", "--bind", "tcp://0.0.0.0:0"), "0.0.0.0", "CURVE")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sorce", "0"], "--sorce"),
        (["--source", "demo", "--detector-interval", "0"], "detector.interval"),
        (["--source", "demo", "--encoding", "xml"], "xml"),
        (["--source", "demo", "--profile", "none.yaml"], "none.yaml"),
        (["--source", "demo", "--detector", "nobody"], "nobody"),
        (["--source", "demo", "--results", "/no/such/folder/r"], "/no/such/folder"),
        (["--source", "demo", "--record", "out.gif"], "out.gif"),
        (["--source", "demo", "--provider", "WarpDriveProvider"], "WarpDriveProvider"),
    ],
)
def test_bad_usage(arguments: list[str], says: str) -> None:
    assert_one_line(run("--headless", *arguments), says)


def test_environment_and_profile(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("source: {spec: none.mp4}\noutput: {headless: true}\npublish: {enabled: false}\n")
    assert_one_line(run("--profile", tmp_path / "p.yaml"), "none.mp4")
    assert_one_line(run("--profile", tmp_path / "p.yaml", REALTIME_FER_SOURCE__SPEC="other.mp4"), "other.mp4")
    done = run("--profile", tmp_path / "p.yaml", "--source", "demo:2", "--every-frame", REALTIME_FER_SOURCE__SPEC="other.mp4")
    assert done.returncode == 0, done.stderr


def test_without_a_display_it_runs_headless_and_says_so() -> None:
    done = run("--source", "demo:2", "--every-frame", "--no-publish")
    assert done.returncode == 0
    assert "no display" in done.stderr


def test_help_reads_well() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert "--every-frame" in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_subscriber_sees_the_service_and_a_signal_ends_it(tmp_path: Path, number: signal.Signals, code: int) -> None:
    endpoint = f"ipc://{tmp_path}/s"
    process = subprocess.Popen(
        command(
            "--source",
            "demo:0",
            "--headless",
            "--bind",
            endpoint,
            "--results",
            tmp_path / "r",
            "--summary",
            tmp_path / "s.json",
        ),
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        with Subscriber(endpoint, topics=("frame", "health")) as subscriber:
            kinds: set[type] = set()
            while not {FrameMessage, HealthMessage} <= kinds:
                message = subscriber.receive(timeout_s=PROCESS_TIMEOUT_S)
                assert message is not None
                kinds.add(type(message))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PROCESS_TIMEOUT_S)
    finally:
        process.kill()
    assert process.returncode == code, stderr
    counts = json.loads((tmp_path / "s.json").read_text())
    lines = (tmp_path / "r").read_text().splitlines()
    assert len(lines) == counts["frames_processed"] > 0
    assert all(json.loads(line)["kind"] == "frame" for line in lines)
    assert counts["frames_captured"] == counts["frames_processed"] + counts["frames_dropped"]
