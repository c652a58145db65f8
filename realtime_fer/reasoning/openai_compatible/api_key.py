"""The key to a server: read from the environment once, sent in one header, and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.openai_compatible.address import ServerAddress

MASK: Final = "***"

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ApiKey:
    """A key, or none.

    Attributes:
        variable: name of the environment variable it is looked for in; None where none is to be sent.
        is_set: whether there is one.
    """

    def __init__(self, variable: str | None, secret: str = "") -> None:
        self.variable = variable
        self.is_set = bool(secret)
        self._secret = secret

    @classmethod
    def from_environment(cls, variable: str | None, environment: Mapping[str, str]) -> ApiKey:
        """Read the key; a variable that is not there or empty means that none is sent.

        Raises:
            SettingsError: that is no name of a variable (a key itself, perhaps: it is not repeated), or its value cannot
                stand in a header.
        """
        if variable is None:
            return cls(None)
        if not _VARIABLE.fullmatch(variable):
            raise SettingsError(
                "api_key_env: expected the name of an environment variable, for instance OPENAI_API_KEY, found something else; "
                "the key itself belongs into that variable"
            )
        secret = environment.get(variable, "").strip()
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise SettingsError(f"{variable}: expected a key of printable ASCII characters without spaces, found others in it")
        return cls(variable, secret)

    def require_safe_way(self, address: ServerAddress, send_unencrypted: bool) -> None:
        """Raise SettingsError where the key would cross a network for everybody to read, unless that is wanted."""
        if self.is_set and address.scheme == "http" and not address.is_this_machine and not send_unencrypted:
            raise SettingsError(
                f"{self.variable}: would be sent to {address.origin} unencrypted; use https, or api_key_env = null to send no "
                "key, or send_key_unencrypted = true on a network you trust"
            )

    def headers(self) -> dict[str, str]:
        """What a request carries of it."""
        return {"Authorization": f"Bearer {self._secret}"} if self._secret else {}

    def hidden_in(self, text: str) -> str:
        """`text` with the key masked, for servers that repeat what they were sent."""
        return text.replace(self._secret, MASK) if self._secret else text

    def __repr__(self) -> str:
        return f"ApiKey({self.variable}, {'set' if self.is_set else 'not set'})"
