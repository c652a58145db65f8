"""The whole way between processes, with CURVE: who comes late, and who may not come at all."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realtime_fer.errors import SecurityError
from realtime_fer.publishing.curve import load_client_keys, make_keys
from realtime_fer.publishing.message import FrameMessage, HealthMessage
from realtime_fer.publishing.subscriber import Subscriber

FRAMES_BEFORE = 20
FRAMES_AFTER = 200
ARRIVAL_TIMEOUT_S = 20.0
"""Generous: another process shares the machine."""
SILENCE_S = 0.5
"""How long a refused subscriber listens in vain; with the right keys the first message takes milliseconds."""


@pytest.fixture
def key_folder(tmp_path: Path) -> Path:
    make_keys(tmp_path, "server")
    make_keys(tmp_path / "clients", "robot", public_folder=tmp_path / "allowed")
    make_keys(tmp_path / "clients", "stranger")
    make_keys(tmp_path / "wrong", "server")
    return tmp_path


class Service:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.endpoint = process.stdout.readline().strip()
        assert process.stdout.readline() == "ready\n"

    def go_on(self) -> int:
        """Publish the second batch; returns refused connections so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self) -> str:
        """Its log."""
        _, log = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, log
        return log


@pytest.fixture
def service(key_folder: Path) -> Iterator[Service]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publishing.publishing_process", str(key_folder), str(FRAMES_BEFORE), str(FRAMES_AFTER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield Service(process)
    finally:
        process.kill()
        process.communicate()


def test_a_late_joiner_gets_the_current_state_at_once_and_then_every_number(
    service: Service, key_folder: Path, opened: Callable[[Subscriber], Subscriber]
) -> None:
    keys = load_client_keys(key_folder / "clients" / "robot.key_secret", key_folder / "server.key")
    subscriber = opened(Subscriber(service.endpoint, topics=["frame", "health"], curve=keys))
    state = [subscriber.receive(ARRIVAL_TIMEOUT_S) for _ in range(2)]  # nothing is published meanwhile
    assert {type(message) for message in state} == {FrameMessage, HealthMessage}
    frame = next(message for message in state if isinstance(message, FrameMessage))
    assert frame.sequence == FRAMES_BEFORE - 1
    assert len(frame.faces) == 3
    assert service.go_on() == 0
    numbers = [message.sequence for message in (subscriber.receive(ARRIVAL_TIMEOUT_S) for _ in range(FRAMES_AFTER)) if message]
    assert numbers == list(range(FRAMES_BEFORE, FRAMES_BEFORE + FRAMES_AFTER))
    assert subscriber.lost == {}
    assert "client robot connects from 127.0.0.1" in service.stop()


def test_a_wrong_server_key_gets_nothing_and_is_logged(
    service: Service, key_folder: Path, opened: Callable[[Subscriber], Subscriber]
) -> None:
    keys = load_client_keys(key_folder / "clients" / "robot.key_secret", key_folder / "wrong" / "server.key")
    subscriber = opened(Subscriber(service.endpoint, curve=keys))
    assert subscriber.receive(SILENCE_S) is None
    assert "is it the right server key?" in subscriber.connection
    assert service.go_on() >= 1
    assert subscriber.receive(SILENCE_S) is None
    assert "WARNING:realtime_fer.publishing.refusals:refused connection from 127.0.0.1" in service.stop()


def test_a_client_that_is_not_listed_gets_nothing_and_is_logged(
    service: Service, key_folder: Path, opened: Callable[[Subscriber], Subscriber]
) -> None:
    keys = load_client_keys(key_folder / "clients" / "stranger.key_secret", key_folder / "server.key")
    subscriber = opened(Subscriber(service.endpoint, curve=keys))
    with pytest.raises(SecurityError, match="not on the publisher's allow-list"):
        subscriber.receive(ARRIVAL_TIMEOUT_S)
    assert service.go_on() == 1
    assert subscriber.receive(SILENCE_S) is None  # it knocks again only after two seconds
    log = service.stop()
    assert "refused connection from 127.0.0.1" in log
    assert keys.public_key.decode() in log


def test_a_client_without_keys_gets_nothing(service: Service, opened: Callable[[Subscriber], Subscriber]) -> None:
    subscriber = opened(Subscriber(service.endpoint))
    with contextlib.suppress(SecurityError):  # which side notices first, and says so, is a race in libzmq
        assert subscriber.receive(SILENCE_S) is None
    assert "want CURVE keys" in subscriber.connection
    service.go_on()
    service.stop()
