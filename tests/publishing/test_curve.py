from __future__ import annotations

import os
from pathlib import Path

import pytest
import zmq
import zmq.auth

from realtime_fer.errors import SecurityError
from realtime_fer.publishing.curve import AllowList, load_client_keys, load_public_key, load_server_keys, make_keys


def test_made_keys_can_be_loaded_by_both_sides(tmp_path: Path) -> None:
    server, client = make_keys(tmp_path, "server"), make_keys(tmp_path, "robot")
    server_keys = load_server_keys(server.secret_path)
    client_keys = load_client_keys(client.secret_path, server.public_path)
    assert client_keys.server_public_key == server_keys.public_key == load_public_key(server.public_path)
    assert client_keys.public_key != server_keys.public_key
    assert zmq.curve_public(client_keys.secret_key) == client_keys.public_key


def test_the_files_are_zeromq_certificates(tmp_path: Path) -> None:
    files = make_keys(tmp_path, "server")
    public_key, secret_key = zmq.auth.load_certificate(files.secret_path)
    assert (public_key, secret_key) == (
        load_server_keys(files.secret_path).public_key,
        load_server_keys(files.secret_path).secret_key,
    )
    assert zmq.auth.load_certificate(files.public_path) == (public_key, None)


def test_secret_files_never_have_a_wider_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    plain_open = os.open

    def spying_open(path: str, flags: int, mode: int = 0o777) -> int:
        descriptor = plain_open(path, flags, mode)
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    monkeypatch.setattr(os, "open", spying_open)
    umask = os.umask(0)
    try:
        files = make_keys(tmp_path / "new", "server")
    finally:
        os.umask(umask)
    assert modes[0] == 0o600
    assert files.secret_path.stat().st_mode & 0o777 == 0o600
    assert files.secret_path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in files.secret_path.parent.iterdir()) == ["server.key", "server.key_secret"]


@pytest.mark.parametrize("existing", ["server.key", "server.key_secret"])
def test_existing_keys_are_kept_unless_forced(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("old")
    with pytest.raises(SecurityError, match="exists already"):
        make_keys(tmp_path, "server")
    assert (tmp_path / existing).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1
    load_server_keys(make_keys(tmp_path, "server", force=True).secret_path)


@pytest.mark.parametrize("name", ["", "../server", "a/b", ".hidden", "a b", "-x"])
def test_names_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecurityError, match="key name"):
        make_keys(tmp_path, name)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecurityError, match="cannot be written"):
        make_keys(tmp_path / "file" / "keys", "server")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    secret_path = make_keys(tmp_path, "server").secret_path
    secret_path.chmod(mode)
    with pytest.raises(SecurityError, match=f"mode {mode:04o}, expected 0600; try: chmod 600 "):
        load_server_keys(secret_path)


def test_a_key_file_that_is_missing_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="realtime-fer keys make"):
        load_server_keys(tmp_path / "server.key_secret")
    with pytest.raises(SecurityError, match="cannot be read"):
        load_public_key(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "hello", 'curve\n public-key = "short"\n', "\x00" * 100, 'public-key = "' + "~" * 40 + '"']
)
def test_a_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SecurityError, match="expected a public-key of 40 characters"):
        load_public_key(path)
    with pytest.raises(SecurityError, match="expected a public-key"):
        load_server_keys(path)


def test_a_public_file_is_no_secret_file(tmp_path: Path) -> None:
    files = make_keys(tmp_path, "server")
    files.public_path.chmod(0o600)
    with pytest.raises(SecurityError, match="expected a secret-key"):
        load_server_keys(files.public_path)


def test_halves_of_different_pairs_are_refused(tmp_path: Path) -> None:
    path = make_keys(tmp_path, "server").secret_path
    other_public, _ = zmq.curve_keypair()
    own_public = load_server_keys(path).public_key.decode()
    path.write_text(path.read_text().replace(own_public, other_public.decode()))
    with pytest.raises(SecurityError, match="does not belong"):
        load_server_keys(path)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    server, client = make_keys(tmp_path, "server"), make_keys(tmp_path, "robot")
    server_keys = load_server_keys(server.secret_path)
    client_keys = load_client_keys(client.secret_path, server.public_path)
    assert server_keys.secret_key.decode() not in repr(server_keys)
    assert client_keys.secret_key.decode() not in repr(client_keys)


def test_the_allow_list_follows_its_folder(tmp_path: Path) -> None:
    first = load_public_key(make_keys(tmp_path / "clients", "one", public_folder=tmp_path / "allowed").public_path)
    allowed = AllowList.from_folder(tmp_path / "allowed")
    assert allowed.names() == {first: "one"}
    second = load_public_key(make_keys(tmp_path / "clients", "two", public_folder=tmp_path / "allowed").public_path)
    assert allowed.names() == {first: "one", second: "two"}
    (tmp_path / "allowed" / "one.key").unlink()
    assert allowed.names() == {second: "two"}


def test_an_allow_list_that_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="expected a folder"):
        AllowList.from_folder(tmp_path / "absent")
    (tmp_path / "bad.key").write_text("nothing")
    with pytest.raises(SecurityError, match=r"bad\.key"):
        AllowList.from_folder(tmp_path)


def test_an_allow_list_of_keys() -> None:
    key, _ = zmq.curve_keypair()
    assert list(AllowList(public_keys=[key]).names()) == [key]
