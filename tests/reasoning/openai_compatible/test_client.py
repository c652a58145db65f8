"""What is tried again, after which pauses, and how refusals read."""

from __future__ import annotations

import email.utils

import numpy as np
import pytest

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.openai_compatible.server_error import ServerError
from tests.fakes import FakeClock
from tests.reasoning.openai_compatible.asking import model_at
from tests.reasoning.openai_compatible.server import Behaviour, ModelServer, answers, hangs_up, replies, sends

FACE = np.zeros((4, 4, 3), np.uint8)
BROKEN = replies(500, {"error": {"message": "EngineCore encountered an issue"}})


def ask(server: ModelServer, clock: FakeClock, **options: object) -> str:
    return model_at(server, clock, **options).look(FACE).ask("?", BASIC_LABELS).text


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_faults_are_tried_again_after_growing_pauses(clock: FakeClock, status: int) -> None:
    fault = replies(status, b"<html>bad gateway</html>")
    with ModelServer(fault, fault, answers("Fear")) as server:
        assert ask(server, clock) == "Fear"
    first, second = clock.waits_s
    assert 0.25 <= first <= 0.5
    assert 0.5 <= second <= 1.0
    assert len({str(received.body) for received in server.received}) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        hangs_up,
        sends(b""),
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b'{"choices": ['),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"ff\r\nabc"),
    ],
)
def test_lost_connections_are_tried_again(clock: FakeClock, trouble: Behaviour) -> None:
    with ModelServer(trouble, answers("Fear")) as server:
        assert ask(server, clock) == "Fear"
    assert len(clock.waits_s) == 1


def test_it_is_given_up_after_so_many_attempts(clock: FakeClock) -> None:
    with ModelServer(*[BROKEN] * 9) as server, pytest.raises(ServerError) as caught:
        ask(server, clock, retries=3)
    assert len(server.received) == 4
    assert str(caught.value) == (
        f"{server.url}: expected an answer, found 500 (EngineCore encountered an issue); given up after 4 attempts"
    )
    assert caught.value.status == 500


def test_truncation_and_hanging_up_are_named(clock: FakeClock) -> None:
    half = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n12345")
    with (
        ModelServer(half) as server,
        pytest.raises(ServerError, match="found the connection closed after 5 bytes of it; given up"),
    ):
        ask(server, clock, retries=0)
    with ModelServer(hangs_up) as server, pytest.raises(ServerError, match="found the connection closed; given up after 1"):
        ask(server, clock, retries=0)


def test_nobody_there(clock: FakeClock) -> None:
    with ModelServer() as server:
        pass
    with pytest.raises(ServerError, match=r"no connection \(.*refused\); is it running, and reachable\?; given up after 3"):
        ask(server, clock)


def test_retry_after_in_seconds_is_honoured(clock: FakeClock) -> None:
    with ModelServer(replies(429, {}, Retry_After="7"), answers("Fear")) as server:
        assert ask(server, clock) == "Fear"
    assert clock.waits_s == [7.0]


def test_retry_after_as_a_date_is_honoured(clock: FakeClock) -> None:
    date = email.utils.formatdate(clock.unix_ns() / 1e9 + 20, usegmt=True)
    with ModelServer(replies(503, {}, Retry_After=date), answers("Fear")) as server:
        assert ask(server, clock) == "Fear"
    assert clock.waits_s == [pytest.approx(20.0, abs=1.0)]


@pytest.mark.parametrize("wanted", ["60", "1e999", "99999999999999999999"])
def test_a_pause_past_the_deadline_is_not_taken(clock: FakeClock, wanted: str) -> None:
    limited = replies(429, {"error": {"message": "Rate limit reached"}}, Retry_After=wanted)
    with ModelServer(limited) as server, pytest.raises(ServerError) as caught:
        ask(server, clock, deadline_s=30.0)
    assert clock.waits_s == []
    assert "found 429 (Rate limit reached); the next attempt would be in" in str(caught.value)
    assert "30 s are left of deadline_s" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "retried"), [(400, True), (401, False), (403, False), (404, False), (413, False), (505, False)]
)
def test_refusals_are_not_tried_again(clock: FakeClock, status: int, retried: bool) -> None:
    refusal = replies(status, {"error": "no"})
    with ModelServer(refusal, refusal) as server, pytest.raises(ServerError, match=f"found {status}") as caught:
        ask(server, clock)
    # A 400 may be about logprobs, once.
    assert [received.method for received in server.received].count("POST") == 1 + retried
    assert caught.value.status == status
    assert clock.waits_s == []


def test_a_wrong_key_names_its_variable_and_hides_the_key(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOT_KEY", "sk-secret-of-the-robot")
    refusal = replies(401, {"error": {"message": "Incorrect API key provided: sk-secret-of-the-robot."}})
    with ModelServer(refusal) as server, pytest.raises(ServerError) as caught:
        ask(server, clock, api_key_env="ROBOT_KEY")
    assert server.received[0].headers["authorization"] == "Bearer sk-secret-of-the-robot"
    assert "found 401 (Incorrect API key provided: ***.); is that of ROBOT_KEY the right one" in str(caught.value)
    assert "sk-secret" not in str(caught.value) + caught.value.words


def test_a_missing_key_names_where_it_belongs(clock: FakeClock) -> None:
    with ModelServer(*[replies(401, {"error": "Unauthorized"})] * 2) as server:
        with pytest.raises(ServerError, match="none was sent; put one into the environment variable OPENAI_API_KEY"):
            ask(server, clock)
        with pytest.raises(ServerError, match="none was sent; name its environment variable with api_key_env"):
            ask(server, clock, api_key_env=None)


def test_a_wrong_model_is_told_the_right_ones(clock: FakeClock) -> None:
    unknown = replies(404, {"error": {"message": "The model `chain-of-affect` does not exist.", "code": 404}})
    models = replies(200, {"object": "list", "data": [{"id": "microsoft/Phi-3.5-vision-instruct"}, {"id": "qwen\x1b[31m"}]})
    with ModelServer(unknown, models) as server, pytest.raises(ServerError) as caught:
        ask(server, clock)
    assert (server.received[1].method, server.received[1].target) == ("GET", "/v1/models")
    assert str(caught.value) == (
        f"{server.url}: expected model 'chain-of-affect', found that it offers microsoft/Phi-3.5-vision-instruct, qwen?[31m; "
        "set model to one of its own"
    )


@pytest.mark.parametrize("models", [replies(404, {"detail": "Not Found"}), replies(200, {"data": 3}), hangs_up])
def test_a_404_without_models_is_about_the_address(clock: FakeClock, models: Behaviour) -> None:
    with (
        ModelServer(replies(404, {"detail": "Not Found"}), models) as server,
        pytest.raises(ServerError, match=r"found 404 \(Not Found\); does base_url end as it should, usually in /v1\?"),
    ):
        ask(server, clock)


def test_redirects_are_not_followed_and_the_key_stays_here(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    with ModelServer() as other:
        elsewhere = f"http://user:password@127.0.0.1:{other.port}/v1/chat/completions?key=3"
        with ModelServer(replies(307, b"", Location=elsewhere)) as server, pytest.raises(ServerError) as caught:
            ask(server, clock)
    assert other.connections == 0
    assert f"redirection to {other.url}/chat/completions, which is not followed; set base_url" in str(caught.value)
    assert "password" not in str(caught.value)


def test_what_a_server_says_is_shortened_to_one_printable_line(clock: FakeClock) -> None:
    with (
        ModelServer(*[replies(418, ("\x1b[2J very\r\nlong " * 10_000).encode())]) as server,
        pytest.raises(ServerError) as caught,
    ):
        ask(server, clock)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
