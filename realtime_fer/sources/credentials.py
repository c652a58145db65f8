"""Addresses without their secrets, for names, logs, messages and errors."""

from __future__ import annotations

import re

MASK = "***"

_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")
_SECRET_PARAMETER = re.compile(r"(?i)([?&;][^=&;#]*(?:pass|pwd|token|secret|key|auth|sig|credential)[^=&;#]*=)[^&;#]*")
_PORT = re.compile(r":\d*$")


def is_url(text: str) -> bool:
    """True for text with a scheme, as in "rtsp://camera/stream"."""
    return _SCHEME.match(text) is not None


def without_credentials(address: str) -> str:
    """Mask the password (or, where there is no user name, the token) and secret-looking query parameters of a URL.

    "rtsp://user:secret@host/live?token=abc" becomes "rtsp://user:***@host/live?token=***". Text without a scheme is
    returned unchanged. A password holding an unescaped "/", "?", "#" or "@" is masked too, rather too much than too little.
    """
    scheme = _SCHEME.match(address)
    if scheme is None:
        return address
    rest = address[scheme.end() :]
    split = _end_of_user_info(rest)
    if split is not None:
        user, colon, _ = rest[:split].partition(":")
        rest = f"{user}:{MASK}{rest[split:]}" if colon else f"{MASK}{rest[split:]}"
    return scheme.group() + _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", rest)


def _end_of_user_info(rest: str) -> int | None:
    """Where the "@" stands that ends user name and password, if there are any."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return authority.rindex("@")
    if ":" not in authority or authority.startswith("["):
        return None
    # What looks like a host with a port may be a user name and the first part of a password that holds a slash. With
    # digits after the colon only an "@" in the path is taken for the end of one; otherwise it is no port, and any is.
    searched = re.split(r"[?#]", rest, maxsplit=1)[0] if _PORT.search(authority) else rest
    return searched.rindex("@") if "@" in searched else None
