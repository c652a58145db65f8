from __future__ import annotations

import logging
from pathlib import Path

import pytest
import zmq
from zmq.utils import z85

from realtime_fer.publishing.authentication import CurveAuthenticator
from realtime_fer.publishing.curve import AllowList, load_public_key, make_keys
from realtime_fer.publishing.refusals import RefusalLog
from tests.fakes import FakeClock

KEY, _ = zmq.curve_keypair()


def request(key: bytes = KEY, *, mechanism: bytes = b"CURVE") -> list[bytes]:
    return [b"1.0", b"7", b"realtime-fer", b"10.0.0.9", b"", mechanism, z85.decode(key)]


def test_a_listed_client_comes_in_under_its_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    robot = load_public_key(make_keys(tmp_path, "robot").public_path)
    refusals = RefusalLog(FakeClock())
    authenticator = CurveAuthenticator(AllowList.from_folder(tmp_path), refusals)
    with caplog.at_level(logging.INFO):
        assert authenticator.reply(request(robot)) == [b"1.0", b"7", b"200", b"OK", b"robot", b""]
    assert "client robot connects from 10.0.0.9" in caplog.text
    assert refusals.count == 0


def test_a_client_that_is_not_listed_is_refused_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(FakeClock())
    reply = CurveAuthenticator(AllowList.from_folder(tmp_path), refusals).reply(request())
    assert reply[:3] == [b"1.0", b"7", b"400"]
    assert refusals.count == 1
    assert "10.0.0.9" in caplog.text
    assert KEY.decode() in caplog.text


def test_without_a_list_every_holder_of_the_server_key_comes_in() -> None:
    assert CurveAuthenticator(None, RefusalLog(FakeClock())).reply(request())[2] == b"200"


@pytest.mark.parametrize(
    "bad", [request(mechanism=b"NULL"), request()[:6], [*request(), b"more"], [], [b"9.9", *request()[1:]]]
)
def test_what_is_no_curve_request_is_refused(bad: list[bytes]) -> None:
    refusals = RefusalLog(FakeClock())
    assert CurveAuthenticator(None, refusals).reply(bad)[2] == b"400"
    assert refusals.count == 1


def test_a_list_that_became_unreadable_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    robot = load_public_key(make_keys(tmp_path / "allowed", "robot").public_path)
    authenticator = CurveAuthenticator(AllowList.from_folder(tmp_path / "allowed"), RefusalLog(FakeClock()))
    (tmp_path / "allowed").rename(tmp_path / "gone")
    assert authenticator.reply(request(robot))[2] == b"400"
    assert "the allow-list cannot be read" in caplog.text
