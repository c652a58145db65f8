from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_fer.cli import cli, run
from realtime_fer.publishing.curve import load_server_keys, make_keys
from realtime_fer.publishing.encoding import EncodedMessage
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from tests.publishing import contents
from tests.publishing.conftest import eventually

START_TIMEOUT_S = 20.0


@pytest.fixture
def publisher() -> Iterator[ZmqPublisher]:
    with ZmqPublisher("tcp://127.0.0.1:*") as publisher:
        yield publisher


def subscribe(*arguments: str) -> int:
    return run(cli, ["subscribe", *arguments], "realtime-fer")


def process(endpoint: str, *arguments: str) -> subprocess.Popen[bytes]:
    program = "from realtime_fer.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "subscribe", "--connect", endpoint, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "FORCE_COLOR": "1"},  # rich draws live although this is no terminal
    )


class Publishing:
    """Publishes until told to stop, from another thread."""

    def __init__(self, publisher: ZmqPublisher) -> None:
        self.sent: dict[int, EncodedMessage] = {}
        self._publisher = publisher
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.005):
            self.sent[number] = self._publisher.publish(contents.frame(number, faces=2))
            self._publisher.publish(contents.reasoning())
            self._publisher.publish(contents.partial("A second face", track_id=2))
            self._publisher.publish(contents.health())
            number += 1

    def __enter__(self) -> Publishing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def publishing(publisher: ZmqPublisher) -> Iterator[Publishing]:
    with Publishing(publisher) as publishing:
        yield publishing


def test_json_lines_are_the_frames_as_published(
    publisher: ZmqPublisher, publishing: Publishing, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert subscribe("--connect", publisher.endpoint, "--json", "--count", "5") == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert len(lines) == 5
    first = json.loads(lines[0])["sequence"]
    eventually(lambda: first + 4 in publishing.sent, "the publishing thread has noted the fifth")
    assert lines == [publishing.sent[first + i].payload for i in range(5)]
    face = json.loads(lines[0])["faces"][0]
    assert len(face["bbox_xyxy"]) == 4
    assert face["expression"]["label"] in face["expression"]["probabilities"]


def test_topics_can_be_chosen(
    publisher: ZmqPublisher, publishing: Publishing, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert subscribe("--connect", publisher.endpoint, "--json", "--count", "2", "--topic", "health") == 0
    assert [json.loads(line)["kind"] for line in capfdbinary.readouterr().out.splitlines()] == ["health", "health"]


def test_the_table_shows_faces_and_ends(
    publisher: ZmqPublisher, publishing: Publishing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert subscribe("--connect", publisher.endpoint, "--count", "3") == 0
    shown = capsys.readouterr().out
    assert "clip.mp4" in shown
    assert "nothing lost" in shown
    assert "sadly fearful" in shown
    assert "A second face ..." in shown


@pytest.mark.parametrize("form", [["--json"], []])
def test_silence_is_status_1_and_one_line(publisher: ZmqPublisher, form: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert subscribe("--connect", publisher.endpoint, "--timeout", "1", *form) == 1
    error = capfd.readouterr().err
    assert error.startswith("realtime-fer subscribe: no message within 1 s: connected to tcp://127.0.0.1:")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--connect", "nowhere"], "expected tcp://HOST:PORT"),
        (["--server-key", "server.key"], "--client-key is missing"),
        (["--server-key", "absent", "--client-key", "absent"], "cannot be read"),
        (["--count", "0"], "count"),
        (["--timeout", "0"], "timeout"),
    ],
)
def test_what_cannot_be_used_is_status_2_and_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert subscribe("--json", *arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_keys_are_used(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    server, robot = make_keys(tmp_path, "server"), make_keys(tmp_path, "robot")
    with ZmqPublisher("tcp://127.0.0.1:*", curve=load_server_keys(server.secret_path)) as publisher:
        publisher.publish(contents.frame(3))
        keys = ["--server-key", str(server.public_path), "--client-key", str(robot.secret_path)]
        assert subscribe("--connect", publisher.endpoint, "--json", "--count", "1", "--timeout", "20", *keys) == 0
    assert json.loads(capfdbinary.readouterr().out)["frame_id"] == 3


def test_a_reader_that_has_enough_ends_it_quietly(publisher: ZmqPublisher, publishing: Publishing) -> None:
    started = process(publisher.endpoint, "--json")
    assert started.stdout is not None
    assert started.stderr is not None
    try:
        json.loads(started.stdout.readline())
        started.stdout.close()
        assert started.wait(START_TIMEOUT_S) == 0
        assert started.stderr.read() == b""
    finally:
        started.kill()
        started.wait()
        started.stderr.close()


@pytest.mark.parametrize("form", [["--json"], []])
def test_ctrl_c_is_status_130(publisher: ZmqPublisher, publishing: Publishing, form: list[str]) -> None:
    with process(publisher.endpoint, *form) as started:
        try:
            assert started.stdout is not None
            assert started.stdout.read(1)
            started.send_signal(signal.SIGINT)
            _, error = started.communicate(timeout=START_TIMEOUT_S)
            assert started.returncode == 130
            assert b"Traceback" not in error
        finally:
            started.kill()
