"""One connection to a server, kept between questions; every wait and every reply is bounded."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.proxy import Proxy
from realtime_fer.reasoning.openai_compatible.timed_socket import TimedSocket

MAX_REPLY_BYTES: Final = 1 << 20
"""An answer of 16 tokens with 20 alternatives each takes about 40 kB."""

CONNECT_TIMEOUT_S: Final = 5.0
"""A server that is there accepts at once, however busy it is; one that is gone should not cost a question's whole time."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back; `headers` has names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ExchangeError(Exception):
    """There was no whole reply; `may_retry` where another attempt may have one."""

    def __init__(self, message: str, *, may_retry: bool) -> None:
        super().__init__(message)
        self.may_retry = may_retry


class ServerConnection:
    """Sends requests, one at a time, from one thread.

    Args:
        address: where to.
        proxy: through which, see `proxy_for`.
        tls: how a server's certificate is checked; None for the authorities that this machine trusts. Used with https only.
    """

    def __init__(self, address: ServerAddress, proxy: Proxy | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._open: http.client.HTTPConnection | None = None
        self._socket: TimedSocket | None = None
        self._address = address
        self._proxy = proxy
        self._tls = ssl.create_default_context() if tls is None and address.scheme == "https" else tls

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float) -> HttpReply:
        """Send a request and take its whole reply, whatever its status. Redirects are not followed.

        Args:
            path: behind the address's own.
            timeout_s: for all of it.

        Raises:
            ExchangeError: there was none.
        """
        expires_s = time.monotonic() + timeout_s
        was_open = self._open is not None
        try:
            try:
                return self._exchange(method, path, headers, body, expires_s)
            except ConnectionError:
                # A kept connection may have been closed by the other end in the meantime: that says nothing about the server.
                if not was_open:
                    raise
                self.close()
                return self._exchange(method, path, headers, body, expires_s)
        except BaseException as error:
            self.close()
            if isinstance(error, (OSError, http.client.HTTPException)):
                raise _explained(error, timeout_s) from error
            raise

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        if self._open is not None:
            self._open.close()
        self._open = self._socket = None

    def __del__(self) -> None:
        # Reasoners are not told when they end.
        self.close()

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, expires_s: float) -> HttpReply:
        connection, timed = self._connected(expires_s)
        timed.expires_s = expires_s
        target, more = self._address.path + path, {}
        if self._proxy is not None and self._address.scheme == "http":
            target, more = self._address.url + path, self._proxy.headers()
        connection.request(method, target, body, {**headers, **more})
        with connection.getresponse() as response:
            return self._whole(response)

    def _whole(self, response: http.client.HTTPResponse) -> HttpReply:
        if "text/event-stream" in response.headers.get("Content-Type", ""):
            what = "expected one JSON object, found a stream of events, though stream=false was sent"
            raise ExchangeError(what, may_retry=False)
        content = response.read(MAX_REPLY_BYTES + 1)
        if len(content) > MAX_REPLY_BYTES:
            raise ExchangeError(f"expected at most {MAX_REPLY_BYTES} bytes, found more", may_retry=False)
        if response.length:  # bytes that were announced and did not come
            raise http.client.IncompleteRead(content, response.length)
        if response.will_close:
            self.close()
        return HttpReply(response.status, {name.lower(): value for name, value in response.headers.items()}, content)

    def _connected(self, expires_s: float) -> tuple[http.client.HTTPConnection, TimedSocket]:
        if self._open is not None and self._socket is not None:
            return self._open, self._socket
        timeout_s = min(CONNECT_TIMEOUT_S, expires_s - time.monotonic())
        if timeout_s <= 0.0:
            raise TimeoutError("timed out")
        address, proxy = self._address, self._proxy
        first = (address.host, address.port) if proxy is None else (proxy.host, proxy.port)
        if address.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(*first, timeout=timeout_s, context=self._tls)
            if proxy is not None:
                connection.set_tunnel(address.host, address.port, proxy.headers())
        else:
            connection = http.client.HTTPConnection(*first, timeout=timeout_s)
        try:
            connection.connect()
        except TimeoutError as error:
            connection.close()
            raise ExchangeError(
                f"no connection within {timeout_s:.3g} s; is it running, and reachable?", may_retry=True
            ) from error
        except BaseException:
            connection.close()
            raise
        timed = TimedSocket(connection.sock)
        as_any: Any = connection
        as_any.sock = timed
        self._open, self._socket = connection, timed
        return connection, timed


def _explained(error: Exception, timeout_s: float) -> ExchangeError:
    """Exceptions of the libraries, in words of ours."""
    may_retry = False
    match error:
        case TimeoutError():
            what = f"expected an answer within {timeout_s:.3g} s, found none (timeout_s)"
        case ssl.SSLCertVerificationError():
            what = f"its certificate cannot be trusted ({error.verify_message}); name its authority with ca_file"
        case ssl.SSLError():
            what = f"no encrypted connection ({error.reason}); does it speak https?"
        case http.client.IncompleteRead():
            what = f"expected the whole answer, found the connection closed after {len(error.partial)} bytes of it"
            may_retry = True
        case http.client.RemoteDisconnected():
            what, may_retry = "expected an answer, found the connection closed", True
        case OSError():
            what, may_retry = f"no connection ({error}); is it running, and reachable?", True
        case _:
            what = f"expected HTTP, found something else ({type(error).__name__})"
    return ExchangeError(what, may_retry=may_retry)
