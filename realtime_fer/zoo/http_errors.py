"""What can go wrong with a GET, as errors of this package that say what to try."""

from __future__ import annotations

import email.utils
import errno
import socket
import ssl
import time
from email.message import Message
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from realtime_fer.errors import ModelError, ModelNotFoundError

PASSING_STATUS: Final = (408, 425, 429, 500, 502, 503, 504)

NO_WAY: Final = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ENETUNREACH: "no network leads there",
    errno.EHOSTUNREACH: "no network leads there",
    errno.ENETDOWN: "the network is down",
}
"""Not tried again: nothing changes in a minute."""

BY_HAND: Final = "or fetch the file with a browser and give it to: realtime-fer models import"


class PassingError(ModelError):
    """Something that may be gone in a moment.

    Attributes:
        wait_s: how long the server asks to wait; None where it does not say.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class NoWayThereError(ModelError):
    """The host cannot be reached as things are: offline, no such name, nobody listens."""


class RangeRefusedError(ModelError):
    """The server cannot go on where the file stops (416)."""


def translated(url: str, error: Exception, timeout_s: float) -> ModelError:
    """The error of this package for one of the network's."""
    where, cause = shown(url), error.reason if isinstance(error, URLError) else error
    if isinstance(cause, socket.gaierror):
        return NoWayThereError(
            f"{where}: the host's name is not known here ({cause.strerror}); go online, set https_proxy, {BY_HAND}"
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ModelError(f"{where}: its certificate is not trusted ({cause.verify_message}); is a proxy in between? {BY_HAND}")
    if isinstance(cause, TimeoutError):
        return PassingError(f"{where}: nothing came for {timeout_s:g} s; try again, the same command goes on, {BY_HAND}")
    if isinstance(cause, OSError) and cause.errno in NO_WAY:
        return NoWayThereError(f"{where}: {NO_WAY[cause.errno]}; check https_proxy and the network, {BY_HAND}")
    if isinstance(cause, OSError) and "Tunnel connection failed" in str(cause):
        return ModelError(f"{where}: the proxy does not let it through ({cause}); ask for it, or set no_proxy, {BY_HAND}")
    reason = str(cause) or type(cause).__name__
    return PassingError(f"{where}: the connection broke ({reason}); try again, the same command goes on, {BY_HAND}")


def refusal(url: str, error: HTTPError) -> ModelError:
    """The error for a status that is no success."""
    where, status = shown(url), f"{error.code} {error.reason}"
    if error.code == 416:
        return RangeRefusedError(f"{where}: cannot be gone on with ({status})")
    if error.code in (404, 410):
        return ModelNotFoundError(f"{where}: nothing is there ({status}); look at the page for a new address, {BY_HAND}")
    if error.code in (401, 403):
        return ModelError(f"{where}: may not be fetched without logging in ({status}); {BY_HAND}")
    if error.code == 407:
        return ModelError(f"{where}: the proxy wants a password ({status}); set https_proxy=http://user:password@host:port")
    if error.code in PASSING_STATUS:
        return PassingError(f"{where}: the server is busy ({status}); try again later, {BY_HAND}", _wait_s(error.headers))
    return ModelError(f"{where}: was refused ({status}); look at the page, {BY_HAND}")


def _wait_s(headers: Message[str, str]) -> float | None:
    """Retry-After, in seconds or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def shown(url: str) -> str:
    """An address for a message, without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
