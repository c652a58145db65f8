"""Where a server is."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from realtime_fer.errors import SettingsError

CHAT_PATH: Final = "/chat/completions"
MODELS_PATH: Final = "/models"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = "for instance http://127.0.0.1:8000/v1"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The part of a server's URLs that all its paths share.

    Attributes:
        scheme: "http" or "https".
        host: name or number, without brackets.
        port: 1 to 65535.
        path: in front of `CHAT_PATH`; empty or "/...", without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, base_url: str) -> ServerAddress:
        """Read a base URL.

        Raises:
            SettingsError: it is none, or carries a user name, a query or the path of one call. The message repeats nothing
                of it where a password may be in it.
        """
        if not base_url.isascii() or not base_url.isprintable() or " " in base_url:
            raise SettingsError(f"base_url: expected printable ASCII without spaces, {_EXAMPLE}, found {base_url!a}")
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise SettingsError(f"base_url: expected a URL, {_EXAMPLE}, found another ({error})") from error
        if "@" in parts.netloc:
            raise SettingsError(
                "base_url: expected no user name or password in it; put the key into an environment variable, see api_key_env"
            )
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise SettingsError(f"base_url: expected http:// or https:// and a host, {_EXAMPLE}, found {base_url!r}")
        if parts.query or parts.fragment:
            raise SettingsError(f"base_url: expected neither ? nor # in it, {_EXAMPLE}; found one")
        path = parts.path.rstrip("/")
        if path.endswith(CHAT_PATH):
            raise SettingsError(f"base_url: expected the part before {CHAT_PATH}, {_EXAMPLE}, found {base_url!r}")
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], path)

    @property
    def origin(self) -> str:
        """Scheme, host and port; the port is left out where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def url(self) -> str:
        """As messages name it."""
        return self.origin + self.path

    @property
    def is_this_machine(self) -> bool:
        """True where nothing that is sent leaves this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
