"""The proxy that the environment asks for: HTTP_PROXY, HTTPS_PROXY and NO_PROXY."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.openai_compatible.address import ServerAddress


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host, port: where it is.
        authorization: value of its header; None where it wants none.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """What it wants of a request."""
        return {} if self.authorization is None else {"Proxy-Authorization": self.authorization}


def proxy_for(address: ServerAddress) -> Proxy | None:
    """The proxy between here and there, as the environment variables (on macOS also the system) say.

    A server on this machine is never asked through one.

    Raises:
        SettingsError: the proxy is of another kind than http, for instance socks5.
    """
    if address.is_this_machine or proxy_bypass(f"{address.host}:{address.port}"):
        return None
    url = getproxies().get(address.scheme)
    if not url:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError as error:
        raise SettingsError(f"{address.scheme}_proxy: expected http://host:port, found another ({error})") from error
    if parts.scheme != "http" or not host:
        raise SettingsError(
            f"{address.scheme}_proxy: expected http://host:port, found {parts.scheme}://...; "
            f"unset it, or add {address.host} to no_proxy"
        )
    if parts.username is None:
        return Proxy(host, port)
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(host, port, "Basic " + base64.b64encode(user.encode()).decode("ascii"))
