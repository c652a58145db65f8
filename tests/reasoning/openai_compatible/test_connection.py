"""One connection: kept, bounded in time and size, and opened anew where it must be."""

from __future__ import annotations

import http.client
import socket

import pytest

from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.connection import MAX_REPLY_BYTES, ExchangeError, HttpReply, ServerConnection
from tests.reasoning.openai_compatible.server import Handler, ModelServer, hangs_up, replies, sends
from tests.reasoning.questions import wait_for

SOON_S = 0.03


def connection_to(server: ModelServer) -> ServerConnection:
    return ServerConnection(ServerAddress.parse(server.url))


def post(connection: ServerConnection, timeout_s: float = 10.0) -> HttpReply:
    return connection.exchange("POST", "/chat/completions", {"X-Test": "1"}, b"{}", timeout_s)


def test_one_connection_serves_many_requests() -> None:
    with ModelServer(*[replies(status, {"status": status}) for status in (200, 500, 404, 200)]) as server:
        connection = connection_to(server)
        got = [post(connection) for _ in range(4)]
    assert [reply.status for reply in got] == [200, 500, 404, 200]
    assert got[0].body == b'{"status": 200}'
    assert got[0].headers["content-type"] == "application/json"
    assert server.connections == 1
    assert server.received[0].headers["x-test"] == "1"


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew_at_once() -> None:
    with ModelServer(replies(200, {}), hangs_up, replies(200, {"again": 1})) as server:
        connection = connection_to(server)
        post(connection)
        assert post(connection).body == b'{"again": 1}'
    assert server.connections == 2


def test_a_new_connection_that_is_closed_is_an_error() -> None:
    with ModelServer(hangs_up) as server, pytest.raises(ExchangeError, match="connection closed") as caught:
        post(connection_to(server))
    assert caught.value.may_retry


def test_servers_that_close_after_each_reply() -> None:
    with ModelServer(*[sends(b"HTTP/1.0 200 OK\r\n\r\nyes")] * 2) as server:
        connection = connection_to(server)
        assert [post(connection).body for _ in range(2)] == [b"yes", b"yes"]
    assert server.connections == 2


def test_a_reply_in_chunks() -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with ModelServer(sends(chunks)) as server:
        assert post(connection_to(server)).body == b"abcde"


def test_a_reply_that_does_not_come_in_time() -> None:
    with ModelServer() as server:
        for first in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"):
            server.behaviours = [server.hangs(after=first)]
            with pytest.raises(ExchangeError, match=r"expected an answer within 0.03 s, found none \(timeout_s\)") as caught:
                post(connection_to(server), SOON_S)
            assert not caught.value.may_retry


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"."),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: headers"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n.\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_reply_that_comes_in_drops_has_the_same_deadline(first: bytes, drop: bytes) -> None:
    with ModelServer() as server:
        server.behaviours = [server.drips(first, drop)]
        with pytest.raises(ExchangeError, match=r"expected an answer within 0\.03 s"):
            post(connection_to(server), SOON_S)


def test_after_a_time_out_the_late_reply_is_not_taken_for_the_next_one() -> None:
    with ModelServer() as server:

        def late_on_the_first_connection(handler: Handler) -> None:
            (server.hangs() if server.connections == 1 else replies(200, b"the second"))(handler)

        server.behaviours = [late_on_the_first_connection] * 2
        connection = connection_to(server)
        with pytest.raises(ExchangeError):
            post(connection, SOON_S)
        assert post(connection).body == b"the second"
    assert server.connections == 2


def test_no_time_at_all() -> None:
    with ModelServer() as server, pytest.raises(ExchangeError, match="expected an answer within 0 s"):
        post(connection_to(server), 0.0)
    assert server.connections == 0


@pytest.mark.parametrize(
    "huge",
    [
        replies(200, b"x" * (MAX_REPLY_BYTES + 1)),
        sends(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_REPLY_BYTES + 100)),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\n\r\n"),
    ],
)
def test_a_huge_reply_is_refused(huge: object) -> None:
    with ModelServer(huge, replies(200, b"small")) as server:  # type: ignore[arg-type]
        connection = connection_to(server)
        with pytest.raises(ExchangeError, match=f"expected at most {MAX_REPLY_BYTES} bytes, found more") as caught:
            post(connection)
        assert not caught.value.may_retry
        assert post(connection).body == b"small"


def test_a_reply_without_an_end_is_not_read_to_the_end() -> None:
    with ModelServer() as server:
        server.behaviours = [server.drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000)]
        with pytest.raises(ExchangeError, match="expected at most"):
            post(connection_to(server))


def test_the_largest_reply_is_taken() -> None:
    with ModelServer(replies(200, b"x" * MAX_REPLY_BYTES)) as server:
        assert len(post(connection_to(server)).body) == MAX_REPLY_BYTES


@pytest.mark.parametrize("head", [b"x" * 70_000, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n", b"SSH-2.0-OpenSSH\r\n"])
def test_what_is_no_http_is_named(head: bytes) -> None:
    with ModelServer(sends(head)) as server, pytest.raises(ExchangeError, match="expected HTTP, found something else"):
        post(connection_to(server))


def test_a_server_that_takes_nothing_in_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        connection = ServerConnection(ServerAddress.parse(f"http://127.0.0.1:{deaf.getsockname()[1]}"))
        with pytest.raises(ExchangeError, match=r"expected an answer within 0\.03 s"):
            connection.exchange("POST", "/", {}, b"x" * (64 << 20), SOON_S)


def test_an_interrupt_passes_and_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        wait_for(lambda: bool(server.received), "the request")
        raise KeyboardInterrupt

    with ModelServer(replies(200, b"nobody takes this"), replies(200, b"fresh")) as server:
        connection = connection_to(server)
        with monkeypatch.context() as patch:
            patch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
            with pytest.raises(KeyboardInterrupt):
                post(connection)
        assert post(connection).body == b"fresh"
    assert server.connections == 2


def test_closing_hangs_up_and_can_be_repeated() -> None:
    with ModelServer(replies(200, {})) as server:
        connection = connection_to(server)
        post(connection)
        assert server.ended == 0
        connection.close()
        connection.close()
        wait_for(lambda: server.ended == 1, "the server to see it")


def test_a_connection_that_nobody_has_any_more_is_closed() -> None:
    with ModelServer(replies(200, {})) as server:
        post(connection_to(server))
        wait_for(lambda: server.ended == 1, "the server to see it")
