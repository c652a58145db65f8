"""GET over HTTP with the standard library: proxies as the environment asks, no redirect to a less safe scheme."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import IO, Any, Final
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
    getproxies,
    proxy_bypass,
)

from realtime_fer import __version__
from realtime_fer.errors import ModelError, SettingsError
from realtime_fer.zoo.http_errors import BY_HAND, refusal, shown, translated

SAFETY: Final = {"http": 0, "https": 1}
"""A redirect never goes down, and never anywhere else."""

_DIGEST = re.compile(r'"?([0-9a-f]{64})"?')


@dataclass
class Answer:
    """What a server sends.

    Attributes:
        sha256: that the publisher states on the way (Hugging Face: X-Linked-Etag of large files); None where it does not.
    """

    status: int
    headers: HTTPMessage
    body: http.client.HTTPResponse = field(repr=False)
    sha256: str | None = None


class _Redirects(HTTPRedirectHandler):
    def __init__(self) -> None:
        self.sha256: str | None = None

    def http_error_302(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage) -> Any:
        """Look at the address before the standard library does, which would let ftp pass."""
        try:
            scheme = urlsplit(urljoin(req.full_url, headers.get("Location") or headers.get("URI") or "")).scheme
            if SAFETY.get(scheme, -1) < SAFETY[urlsplit(req.full_url).scheme]:
                raise ModelError(f"{shown(req.full_url)}: is redirected to {scheme}:, which is refused; {BY_HAND}")
        except (ModelError, ValueError):
            fp.close()
            raise
        stated = _DIGEST.fullmatch(headers.get("X-Linked-Etag", ""))
        if stated:
            self.sha256 = stated[1]
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def get(url: str, headers: dict[str, str], timeout_s: float) -> Answer:
    """Begin to read an address; the caller reads `body` and closes it.

    Args:
        url: http or https.
        headers: beyond the usual ones.
        timeout_s: without a single byte.

    Raises:
        PassingError: worth another try.
        RangeRefusedError: status 416.
        ModelNotFoundError: nothing is there (404, 410).
        NoWayThereError: offline, no such host, or nobody listens there.
        ModelError: refused, or a redirect that is not followed.
        SettingsError: the environment names a proxy of a kind that is not known here.
    """
    require_http_proxy(url)
    redirects = _Redirects()
    opener = OpenerDirector()
    # Not build_opener: that would also open file: and ftp: addresses.
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        redirects,
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    request = Request(  # noqa: S310 - the handlers above know http and https alone
        url, headers={"User-Agent": f"realtime-fer/{__version__}", "Accept-Encoding": "identity", **headers}
    )
    try:
        response = opener.open(request, timeout=timeout_s)
    except HTTPError as error:
        with error:
            raise refusal(url, error) from error
    except OSError as error:
        raise translated(url, error, timeout_s) from error
    except (http.client.InvalidURL, ValueError) as error:  # of a redirect's address, or the proxy's
        raise ModelError(f"{shown(url)}: leads to no address ({error}); check https_proxy, {BY_HAND}") from error
    except http.client.HTTPException as error:
        raise translated(url, error, timeout_s) from error
    assert isinstance(response, http.client.HTTPResponse)  # noqa: S101 - no other handler is installed
    return Answer(response.status, response.headers, response, redirects.sha256)


def require_http_proxy(url: str) -> None:
    """Raise SettingsError where the environment names a proxy that the standard library cannot talk to, such as socks5."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or (parts.hostname and proxy_bypass(parts.hostname)):
        return
    scheme, separator, _ = proxy.partition("://")
    if separator and scheme.lower() != "http":
        raise SettingsError(
            f"{parts.scheme}_proxy: expected http://host:port, found {scheme}://...; "
            f"set another, or add {parts.hostname} to no_proxy"
        )
