"""Where to bind or connect: reading endpoints, telling what stays on this machine, preparing ipc paths.

tcp://127.0.0.1:5556    this machine only          tcp://[::1]:5556    the same over IPv6
tcp://0.0.0.0:5556      every network interface    tcp://127.0.0.1:*   any free port
ipc:///run/user/1000/realtime-fer.sock             a socket file, guarded by its mode
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from realtime_fer.errors import PublishingError

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5556"

_TCP = re.compile(r"tcp://(?P<host>\[[0-9A-Za-z:.%_-]+\]|\*|[0-9A-Za-z._-]+):(?P<port>[0-9]+|\*)")
_LARGEST_PORT = 65535
_PROBE_TIMEOUT_S = 1.0
"""A local socket answers or refuses at once; this only keeps a frozen listener from holding the start."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that was checked.

    Attributes:
        address: as libzmq wants it.
        transport: "tcp" or "ipc".
        is_local: only processes of this machine reach it.
        is_ipv6: a bracketed IPv6 address; libzmq must be told.
        ipc_path: the socket file; None for tcp, and for ipc names that are no files.
    """

    address: str
    transport: Literal["tcp", "ipc"]
    is_local: bool
    is_ipv6: bool = False
    ipc_path: Path | None = None


def parse_endpoint(text: str) -> Endpoint:
    """Check an endpoint without touching the network.

    A host that is no address literal counts as reaching beyond this machine, except "localhost".

    Raises:
        PublishingError: neither tcp://HOST:PORT nor ipc://PATH.
    """
    if text.startswith("ipc://") and len(text) > len("ipc://"):
        name = text.removeprefix("ipc://")
        is_file = name != "*" and not name.startswith("@")
        return Endpoint(text, "ipc", is_local=True, ipc_path=Path(name) if is_file else None)
    match = _TCP.fullmatch(text)
    port = match["port"] if match else ""
    if match is None or (port != "*" and int(port) > _LARGEST_PORT):
        raise PublishingError(
            f"endpoint {text!r}: expected tcp://HOST:PORT (port up to {_LARGEST_PORT}, IPv6 in brackets) or ipc://PATH; "
            f"try {DEFAULT_ENDPOINT}"
        )
    host = match["host"]
    if host == "localhost":  # may resolve to ::1, where a publisher on 127.0.0.1 does not listen
        return Endpoint(f"tcp://127.0.0.1:{port}", "tcp", is_local=True)
    return Endpoint(text, "tcp", is_local=_is_loopback(host), is_ipv6=host.startswith("["))


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False  # "*", an interface or a name: whatever it resolves to, it is not promised to stay here
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def prepare_ipc_path(path: Path) -> None:
    """Make room for a socket file: its folder exists, and no stale file is in the way.

    libzmq unlinks whatever lies at the path before it binds, even the socket of a running publisher; so look first.

    Raises:
        PublishingError: somebody listens there, or something lies there that is no socket.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise PublishingError(f"ipc://{path}: the folder cannot be used ({error.strerror}); try another path") from error
    if not stat.S_ISSOCK(mode):
        raise PublishingError(f"ipc://{path}: expected a free path or an old socket, found another file; try another path")
    if _somebody_listens(path):
        raise PublishingError(f"ipc://{path}: the address is in use by another process; stop it or publish on another endpoint")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PublishingError(f"ipc://{path}: the old socket cannot be removed ({error.strerror})") from error


def remove_ipc_path(path: Path, bound: os.stat_result) -> None:
    """Remove the socket file of a publisher that has closed: libzmq leaves it behind.

    Args:
        path: where it was bound.
        bound: the file's status after the bind; another publisher's newer file at the same path stays.
    """
    with contextlib.suppress(OSError):  # gone already, or no longer ours to remove
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (bound.st_dev, bound.st_ino):
            path.unlink()


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # it is there and cannot be asked (no permission, backlog full): leave it alone
    return True
