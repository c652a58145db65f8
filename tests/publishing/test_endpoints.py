from __future__ import annotations

import socket
from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.endpoints import parse_endpoint, prepare_ipc_path


@pytest.mark.parametrize(
    "text",
    [
        "tcp://127.0.0.1:5556",
        "tcp://127.0.0.1:*",
        "tcp://127.8.9.1:80",
        "tcp://localhost:5556",
        "tcp://[::1]:5556",
        "tcp://[::ffff:127.0.0.1]:5556",
        "ipc:///tmp/faces.sock",
        "ipc://@abstract",
    ],
)
def test_what_stays_on_this_machine(text: str) -> None:
    assert parse_endpoint(text).is_local


@pytest.mark.parametrize(
    "text",
    [
        "tcp://0.0.0.0:5556",
        "tcp://*:5556",
        "tcp://[::]:5556",
        "tcp://192.168.1.5:5556",
        "tcp://[fe80::1]:5556",
        "tcp://[::ffff:10.0.0.1]:5556",
        "tcp://robot.local:5556",
        "tcp://eth0:5556",
        "tcp://127.0.0.1.example.org:5556",
        "tcp://localhost.example.org:5556",
    ],
)
def test_what_reaches_beyond(text: str) -> None:
    assert not parse_endpoint(text).is_local


@pytest.mark.parametrize(
    "text",
    ["", "5556", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:99999", "tcp://::1:5556", "udp://127.0.0.1:1",
     "inproc://x", "ipc://", "http://127.0.0.1:80", "tcp://127.0.0.1:5556/x", "tcp://a;b:1", "tcp://127.0.0.1:5556\n"],
)  # fmt: skip
def test_what_is_no_endpoint_is_named(text: str) -> None:
    with pytest.raises(PublishingError, match=r"expected tcp://HOST:PORT"):
        parse_endpoint(text)


def test_localhost_is_the_address_a_publisher_listens_on() -> None:
    assert parse_endpoint("tcp://localhost:5556").address == "tcp://127.0.0.1:5556"


def test_ipv6_is_told_to_libzmq() -> None:
    assert parse_endpoint("tcp://[::1]:5556").is_ipv6
    assert not parse_endpoint("tcp://127.0.0.1:5556").is_ipv6


def test_a_stale_socket_file_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    prepare_ipc_path(path)
    assert not path.exists()


def test_a_socket_somebody_listens_on_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(PublishingError, match="in use by another process"):
            prepare_ipc_path(path)
        assert path.exists()


def test_a_file_of_the_user_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "thesis.tex"
    path.write_text("precious")
    with pytest.raises(PublishingError, match="found another file"):
        prepare_ipc_path(path)
    assert path.read_text() == "precious"


def test_a_missing_folder_is_made_private(tmp_path: Path) -> None:
    prepare_ipc_path(tmp_path / "run" / "s")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishingError, match="folder cannot be used"):
        prepare_ipc_path(tmp_path / "file" / "s")
