"""`realtime-fer subscribe`: watch a running service, or read its messages as JSON lines."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime_fer.errors import SecurityError

if TYPE_CHECKING:
    from realtime_fer.publishing.curve import CurveClientKeys
    from realtime_fer.publishing.subscriber import Subscriber

_EXIT_NOTHING_CAME = 1

_TABLE_TOPICS = ("frame", "reasoning", "reasoning.partial", "reasoning.face.", "health")

_REDRAW_INTERVAL_S = 0.1
"""Ten pictures a second look alive and cost little."""


@click.command()
@click.option(
    "--connect", default="tcp://127.0.0.1:5556", show_default=True, metavar="ENDPOINT", help="Where the service publishes."
)
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="TOPIC",
    help="frame, face. (all faces), face.1 (one face), reasoning, reasoning.partial (words as they come), reasoning.face. (the "
    "last answer about each face), health or '' (everything); may be repeated. Default: frame with --json; in the table all "
    "but face.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each message as one line of JSON, as published.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after N messages (in the table: N frames).")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Fail when no message comes for this long. Default: wait for ever.",
)
@click.option(
    "--server-key", type=click.Path(path_type=Path), metavar="FILE", help="The service's public key file (CURVE), server.key."
)
@click.option(
    "--client-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="This client's secret key file (CURVE), NAME.key_secret.",
)
def subscribe(
    *,
    connect: str,
    topics: tuple[str, ...],
    as_json: bool,
    count: int | None,
    timeout_s: float | None,
    server_key: Path | None,
    client_key: Path | None,
) -> int:
    """Watch a running service in a live table, or print its messages with --json.

    Exits with 0 after --count messages, 1 when none came within --timeout, 2 when endpoint or keys cannot be used,
    130 on Ctrl-C.
    """
    from realtime_fer.publishing.subscriber import Subscriber

    keys = _keys(server_key, client_key)
    chosen = topics or (("frame",) if as_json else _TABLE_TOPICS)
    with Subscriber(connect, topics=chosen, curve=keys) as subscriber:
        heard = _print_lines(subscriber, count, timeout_s) if as_json else _show_table(subscriber, connect, count, timeout_s)
        if heard:
            return 0
        click.echo(f"realtime-fer subscribe: no message within {timeout_s:g} s: {subscriber.connection}", err=True)
        return _EXIT_NOTHING_CAME


def _keys(server_key: Path | None, client_key: Path | None) -> CurveClientKeys | None:
    from realtime_fer.publishing.curve import load_client_keys

    if server_key is None and client_key is None:
        return None
    if server_key is None or client_key is None:
        missing = "--server-key" if server_key is None else "--client-key"
        raise SecurityError(f"--server-key and --client-key belong together; {missing} is missing")
    return load_client_keys(client_key, server_key)


def _print_lines(subscriber: Subscriber, count: int | None, timeout_s: float | None) -> bool:
    """False where the messages stopped coming before there were enough."""
    stdout = sys.stdout.buffer
    printed = 0
    try:
        while count is None or printed < count:
            received = subscriber.receive_with_payload(timeout_s)
            if received is None:
                return False
            stdout.write(received.json_payload + b"\n")
            stdout.flush()  # the next program in the pipe reads live
            printed += 1
    except BrokenPipeError:
        # The reader (`| head`) has enough. Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _show_table(subscriber: Subscriber, endpoint: str, count: int | None, timeout_s: float | None) -> bool:
    """False where the messages stopped coming before there were enough frames."""
    from rich.console import Console
    from rich.live import Live

    from realtime_fer.publishing.live_table import LiveTable
    from realtime_fer.publishing.message import FrameMessage

    table = LiveTable(endpoint)
    frames = 0
    last_heard = time.monotonic()
    with Live(console=Console(), auto_refresh=False) as live:
        next_redraw = 0.0
        while count is None or frames < count:
            message = subscriber.receive(_REDRAW_INTERVAL_S)
            now = time.monotonic()
            if message is not None:
                last_heard = now
                table.update(message, subscriber.age_ms(message))
                frames += isinstance(message, FrameMessage)
            elif timeout_s is not None and now - last_heard >= timeout_s:
                return False
            if now >= next_redraw or frames == count:
                next_redraw = now + _REDRAW_INTERVAL_S
                live.update(
                    table.render(
                        connection=subscriber.connection,
                        lost=subscriber.lost,
                        restarts=subscriber.restarts,
                        malformed=subscriber.malformed,
                    ),
                    refresh=True,
                )
    return True
