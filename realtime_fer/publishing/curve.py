"""CURVE keys: making the files, reading them, and the list of clients that may subscribe.

Each side has a key pair. `NAME.key` holds the public key and may be given away; `NAME.key_secret` holds both, is
created with mode 0600 and never leaves its machine. The files are ZeroMQ certificates, as other ZeroMQ programs
read them; keys are 40 characters of Z85 (https://rfc.zeromq.org/spec/32/).
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from realtime_fer.errors import SecurityError

PUBLIC_SUFFIX = ".key"
SECRET_SUFFIX = ".key_secret"  # noqa: S105 - the end of a file name

_SECRET_MODE = 0o600
_PUBLIC_MODE = 0o644
_FOLDER_MODE = 0o700
_KEY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_KEY_LINE = re.compile(r'^\s*(?P<which>public|secret)-key\s*=\s*"?(?P<key>[^"\s]+)"?\s*$', re.MULTILINE)
_Z85_LENGTH = 40
_LARGEST_KEY_FILE_BYTES = 64 * 1024
"""A certificate is a few hundred bytes; anything larger is the wrong file."""


@dataclass(frozen=True, slots=True)
class CurveServerKeys:
    """The publisher's own pair, Z85."""

    public_key: bytes
    secret_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CurveClientKeys:
    """A subscriber's own pair and the public key of the publisher it trusts, Z85."""

    public_key: bytes
    server_public_key: bytes
    secret_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where a new pair lies."""

    public_path: Path
    secret_path: Path


def make_keys(folder: Path, name: str, *, public_folder: Path | None = None, force: bool = False) -> KeyFiles:
    """Make a key pair: `folder/name.key_secret` (mode 0600) and `name.key` in `public_folder` (default: `folder`).

    Raises:
        SecurityError: a bad name, a folder that cannot be written, or files that exist already (without `force`).
    """
    if not _KEY_NAME.fullmatch(name):
        raise SecurityError(f"key name {name!r}: expected letters, digits, '_', '-' and '.', for example 'robot'")
    files = KeyFiles((public_folder or folder) / f"{name}{PUBLIC_SUFFIX}", folder / f"{name}{SECRET_SUFFIX}")
    if not force:
        for path in (files.secret_path, files.public_path):
            if path.is_symlink() or path.exists():
                raise SecurityError(f"{path}: exists already; programs that trust it would be cut off; force replaces it")
    public_key, secret_key = (key.decode() for key in zmq.curve_keypair())
    public_line, secret_line = f'    public-key = "{public_key}"\n', f'    secret-key = "{secret_key}"\n'
    try:
        for parent in (files.secret_path.parent, files.public_path.parent):
            parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        secret_text = f"# CURVE secret key of {name}. Never leaves its machine; mode 0600.\ncurve\n"
        _create(files.secret_path, secret_text + public_line + secret_line, _SECRET_MODE)
        _create(files.public_path, f"# CURVE public key of {name}. May be given away.\ncurve\n" + public_line, _PUBLIC_MODE)
    except OSError as error:
        raise SecurityError(f"{folder}: keys cannot be written ({error.strerror}); try another folder") from error
    return files


def _create(path: Path, text: str, mode: int) -> None:
    """A new file that never had a wider mode, put in place in one step."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_server_keys(secret_path: Path) -> CurveServerKeys:
    """The publisher's pair, from its secret file.

    Raises:
        SecurityError: no such file, readable by others, or not a key pair.
    """
    return CurveServerKeys(*_load_pair(secret_path))


def load_client_keys(secret_path: Path, server_public_path: Path) -> CurveClientKeys:
    """A subscriber's pair, from its secret file, and the key of its publisher, from that one's public file.

    Raises:
        SecurityError: no such file, a secret file readable by others, or not a key.
    """
    public_key, secret_key = _load_pair(secret_path)
    return CurveClientKeys(public_key, load_public_key(server_public_path), secret_key)


def load_public_key(path: Path) -> bytes:
    """The public key in a file, Z85.

    Raises:
        SecurityError: no such file, or no public key in it.
    """
    return _key(path, _read(path, secret=False), "public")


def _load_pair(secret_path: Path) -> tuple[bytes, bytes]:
    text = _read(secret_path, secret=True)
    public_key, secret_key = _key(secret_path, text, "public"), _key(secret_path, text, "secret")
    if zmq.curve_public(secret_key) != public_key:
        raise SecurityError(f"{secret_path}: its public key does not belong to its secret key; make a new pair")
    return public_key, secret_key


def _read(path: Path, *, secret: bool) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if secret and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecurityError(f"{path}: a secret key with mode {mode:04o}, expected 0600; try: chmod 600 {path}")
            return file.read(_LARGEST_KEY_FILE_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        raise SecurityError(
            f"{path}: the key file cannot be read ({error.strerror}); try: realtime-fer keys make {path.parent}"
        ) from error


def _key(path: Path, text: str, which: str) -> bytes:
    for match in _KEY_LINE.finditer(text):
        if match["which"] == which and len(match["key"]) == _Z85_LENGTH:
            try:
                z85.decode(match["key"])
            except (ValueError, KeyError, OverflowError):
                break
            return match["key"].encode("ascii")
    raise SecurityError(f"{path}: expected a {which}-key of {_Z85_LENGTH} characters (Z85), found none; is it the right file?")


class AllowList:
    """The clients that may subscribe, by public key.

    A folder is read again at every handshake: a key file added or removed counts from the next connection on.
    """

    def __init__(self, folder: Path | None = None, public_keys: Iterable[bytes] = ()) -> None:
        """
        Args:
            folder: its `*.key` files are public keys of clients, named after them.
            public_keys: more of them, Z85.

        Raises:
            SecurityError: the folder, or a key file in it, cannot be read.
        """
        self._folder = folder
        self._fixed = {key: key.decode("ascii", errors="replace") for key in public_keys}
        self.names()

    @classmethod
    def from_folder(cls, folder: Path) -> AllowList:
        """The clients whose public keys lie in `folder`.

        Raises:
            SecurityError: the folder, or a key file in it, cannot be read.
        """
        return cls(folder)

    def names(self) -> dict[bytes, str]:
        """Name of each client that may subscribe, by public key (Z85).

        Raises:
            SecurityError: the folder, or a key file in it, cannot be read.
        """
        if self._folder is None:
            return dict(self._fixed)
        if not self._folder.is_dir():
            raise SecurityError(f"{self._folder}: expected a folder with the public keys of allowed clients (NAME.key)")
        listed = {load_public_key(path): path.stem for path in sorted(self._folder.glob(f"*{PUBLIC_SUFFIX}"))}
        return {**self._fixed, **listed}
