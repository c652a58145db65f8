"""A client for the server that writes the descriptions."""

from __future__ import annotations

import os

from realtime_fer.clock import Clock
from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.api_key import ApiKey
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.reasoning.openai_compatible.connection import ServerConnection
from realtime_fer.reasoning.openai_compatible.proxy import proxy_for
from realtime_fer.reasoning.openai_compatible.retry import RetryPolicy

LONGEST_PAUSE_S = 60.0
"""Between attempts: rate limits are counted by the minute."""


def server_client(
    base_url: str,
    clock: Clock,
    *,
    api_key_env: str | None = "OPENAI_API_KEY",
    send_key_unencrypted: bool = False,
    timeout_s: float = 120.0,
    retries: int = 8,
) -> ServerClient:
    """Reaches one server, from one thread; it is not contacted yet.

    Args:
        base_url: what stands before /chat/completions.
        clock: pauses are taken on it.
        api_key_env: the environment variable with the key; None never sends one.
        send_key_unencrypted: allow a key over http:// to another machine.
        timeout_s: for one attempt.
        retries: attempts after the first, for lost connections, rate limits and passing faults.

    Raises:
        SettingsError: the address, the key's variable or the proxy's cannot be used.
    """
    address = ServerAddress.parse(base_url)
    key = ApiKey.from_environment(api_key_env, os.environ)
    key.require_safe_way(address, send_key_unencrypted)
    connection = ServerConnection(address, proxy_for(address))
    policy = RetryPolicy(retries, max_delay_s=LONGEST_PAUSE_S)
    return ServerClient(address, key, connection, timeout_s=timeout_s, policy=policy, clock=clock)
