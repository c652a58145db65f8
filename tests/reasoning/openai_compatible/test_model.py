"""The chain asked of a real server on this machine."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION_COMPOUND_TEST, second_question
from realtime_fer.reasoning.openai_compatible.server_error import ServerError
from tests.fakes import FakeClock
from tests.reasoning.openai_compatible.asking import MODEL, model_at, reasoner_at, sadness
from tests.reasoning.openai_compatible.server import (
    Behaviour,
    ModelServer,
    answers,
    completion,
    hangs_up,
    picture_of,
    replies,
    sends,
    token,
)
from tests.reasoning.questions import request

FACE = np.random.default_rng(5).integers(0, 256, (37, 29, 3), np.uint8)


def refuses_logprobs(status: int = 400, message: str = "logprobs is not supported with this model.") -> Behaviour:
    return replies(status, {"error": {"message": message, "type": "invalid_request_error"}})


def test_both_questions_are_sent_and_their_answers_read(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    ness = token("ness", 0.999)
    with ModelServer(answers("Sadness \n", sadness(), ness), answers("Surprise", token("Sur", 0.5, Dis=0.3, F=0.1))) as server:
        answer = reasoner_at(server, clock, face_margin=None).reason(request(crop=FACE))
    first, second = server.received
    assert [first.question, second.question] == [FIRST_QUESTION_COMPOUND_TEST, second_question("Sadness")]
    for received in server.received:
        assert (received.method, received.target) == ("POST", "/v1/chat/completions")
        assert received.headers["authorization"] == "Bearer sk-of-the-test"
        assert received.headers["content-type"] == "application/json"
        settings = {name: value for name, value in received.body.items() if name != "messages"}
        assert settings == {
            "model": MODEL,
            "stream": False,
            "temperature": 0.0,
            "max_tokens": 16,
            "logprobs": True,
            "top_logprobs": 20,
        }
        (message,) = received.body["messages"]
        assert message["role"] == "user"
        assert [part["type"] for part in message["content"]] == ["image_url", "text"]
        np.testing.assert_array_equal(picture_of(received.picture_url), FACE)
    assert server.connections == 1
    assert answer.model_name == MODEL
    assert answer.compound_label == "Sadly Surprised"
    primary, secondary = answer.steps
    assert primary.distribution is not None
    assert primary.distribution["Sadness"] == pytest.approx(0.6 / 0.98)
    assert list(primary.distribution) == list(BASIC_LABELS)
    assert secondary.distribution is not None
    assert secondary.distribution["Surprise"] == pytest.approx(0.5 / 0.9)
    assert answer.text == "The face looks sadly surprised: sadness (61%) first, then surprise (56%)."


def test_without_a_key_none_is_sent(clock: FakeClock) -> None:
    with ModelServer(answers("Neutral")) as server:
        reasoner_at(server, clock).reason(request())
    assert "authorization" not in server.received[0].headers


def test_without_logprobs_there_is_no_distribution(clock: FakeClock) -> None:
    with ModelServer(answers("Sadness"), answers("Fear")) as server:
        answer = reasoner_at(server, clock).reason(request())
    assert [step.distribution for step in answer.steps] == [None, None]
    assert answer.compound_label == "Sadly Fearful"


@pytest.mark.parametrize(
    "logprobs",
    [{"tokens": ["Sad"], "token_logprobs": [-0.5]}, {"content": None}, {"content": [{"token": "Sad"}]}, [1], "none"],
)
def test_logprobs_in_another_form_are_as_good_as_none(clock: FakeClock, logprobs: object) -> None:
    with ModelServer(replies(200, completion("Sadness", logprobs=logprobs))) as server:
        reply = model_at(server, clock).look(FACE).ask("?", BASIC_LABELS)
    assert (reply.text, reply.distribution) == ("Sadness", None)


@pytest.mark.parametrize(
    "refusal",
    [
        refuses_logprobs(),
        refuses_logprobs(422, "extra fields not permitted"),
        refuses_logprobs(403, "You are not allowed to request logprobs from this model"),
    ],
)
def test_a_server_that_rejects_logprobs_is_not_asked_for_them_again(
    clock: FakeClock, refusal: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    with ModelServer(refusal, answers("Sadness"), answers("Fear")) as server, caplog.at_level(logging.WARNING):
        answer = reasoner_at(server, clock).reason(request())
    assert ["logprobs" in received.body for received in server.received] == [True, False, False]
    assert "top_logprobs" not in server.received[1].body
    assert answer.compound_label == "Sadly Fearful"
    assert clock.waits_s == []
    assert "gives no logprobs" in caplog.text


def test_a_400_that_has_another_reason_is_told_and_logprobs_are_asked_for_again(clock: FakeClock) -> None:
    too_long = replies(400, {"object": "error", "message": "This model's maximum context length is 512 tokens", "code": 400})
    with ModelServer(too_long, too_long, answers("Sadness", sadness()), too_long) as server:
        model = model_at(server, clock)
        with pytest.raises(ServerError, match=r"found 400 .*maximum context length is 512"):
            model.look(FACE).ask("?", BASIC_LABELS)
        assert model.look(FACE).ask("?", BASIC_LABELS).distribution is not None
        with pytest.raises(ServerError, match="maximum context length is 512"):
            model.look(FACE).ask("?", BASIC_LABELS)
    # Once logprobs were given, a 400 without that word is about something else.
    assert ["logprobs" in received.body for received in server.received] == [True, False, True, True]


def test_logprobs_can_be_left_alone(clock: FakeClock) -> None:
    with ModelServer(refuses_logprobs()) as server:
        model = model_at(server, clock, top_logprobs=0)
        with pytest.raises(ServerError, match="found 400"):
            model.look(FACE).ask("?", BASIC_LABELS)
    assert [{"logprobs", "top_logprobs"} & received.body.keys() for received in server.received] == [set()]


def test_little_probability_on_labels_is_no_distribution(clock: FakeClock) -> None:
    chatty = [token("The", 0.7, Sad=0.2, F=0.05), token(" face", 0.9)]
    for least, given in ((0.5, False), (0.2, True)):
        with ModelServer(answers("The face is sadness", *chatty)) as server:
            reply = model_at(server, clock, min_label_mass=least).look(FACE).ask("?", BASIC_LABELS)
        assert (reply.distribution is not None) is given
        assert reply.text == "The face is sadness"


@pytest.mark.parametrize(
    ("constrain", "fields"),
    [
        ("structured_outputs", {"structured_outputs": {"choice": ["Fear", "Anger"]}}),
        ("guided_choice", {"guided_choice": ["Fear", "Anger"]}),
        (None, {}),
    ],
)
def test_answers_can_be_constrained_to_what_a_question_offers(
    clock: FakeClock, constrain: str | None, fields: dict[str, object]
) -> None:
    # Raw probabilities, before the constraint: little of it is on labels, and what is counts all the same.
    with ModelServer(answers("Fear", token("F", 0.03, The=0.9, An=0.01))) as server:
        reply = model_at(server, clock, constrain=constrain).look(FACE).ask("?", ["Fear", "Anger"])
    body = server.received[0].body
    assert {name: body[name] for name in ("structured_outputs", "guided_choice") if name in body} == fields
    if constrain is None:
        assert reply.distribution is None
    else:
        assert reply.distribution is not None
        assert reply.distribution["Fear"] == pytest.approx(0.75)


def test_more_fields_of_a_request_can_be_set_and_left_out(clock: FakeClock) -> None:
    extra = {"mm_processor_kwargs": {"num_crops": 16}, "max_tokens": None, "max_completion_tokens": 8, "temperature": 1}
    with ModelServer(answers("Fear")) as server:
        model_at(server, clock, extra_body=extra).look(FACE).ask("?", BASIC_LABELS)
    body = server.received[0].body
    assert "max_tokens" not in body
    assert (body["mm_processor_kwargs"], body["max_completion_tokens"], body["temperature"]) == ({"num_crops": 16}, 8, 1)


def test_unicode_goes_both_ways(clock: FakeClock) -> None:
    with ModelServer(answers("悲しみ 😢"), answers("Fear")) as server:
        answer = reasoner_at(server, clock).reason(request())
    assert answer.steps[0].label == "悲しみ 😢"
    assert server.received[1].question == second_question("悲しみ 😢")
    assert answer.compound_label is None


def test_lenient_and_exact_reading(clock: FakeClock) -> None:
    for matching, compound in (("lenient", "Sadly Fearful"), ("exact", None)):
        with ModelServer(answers("'Sadness'."), answers("fear")) as server:
            assert reasoner_at(server, clock, matching=matching).reason(request()).compound_label == compound


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (replies(200, b"{not json"), "expected a chat completion in JSON, found that its body: Invalid JSON"),
        (replies(200, b'{"choices": [' * 80_000), "expected a chat completion in JSON, found that"),
        (replies(200, b"\xff\xfe"), "expected a chat completion in JSON, found that its body"),
        (replies(200, []), "found that its body: Input should be an object"),
        (replies(200, {"choices": []}), "found that choices: List should have at least 1 item"),
        (replies(200, {"choices": [{"message": {"content": 7}}]}), "found that choices.0.message.content: Input should be"),
        (replies(200, completion(None)), "expected a label, found an empty answer"),
        (replies(200, completion(" \n", finish_reason="length")), "empty answer .*length.*; raise max_tokens"),
        (
            replies(200, {"choices": [{"message": {"content": None, "refusal": "I can't\nhelp"}}]}),
            "the model declines: I can't help",
        ),
        (sends(b"data: hello\n\n"), "expected HTTP, found something else"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n"), "found a stream of events"),
    ],
)
def test_what_is_no_answer_is_told_in_one_line_and_not_tried_again(
    clock: FakeClock, behaviour: Behaviour, message: str
) -> None:
    with ModelServer(behaviour) as server:
        with pytest.raises(ServerError, match=message) as caught:
            model_at(server, clock).look(FACE).ask("?", BASIC_LABELS)
        assert str(caught.value).startswith(f"{server.url}: ")
        assert "\n" not in str(caught.value)
    assert len(server.received) == 1


def test_after_a_failure_the_next_question_is_asked_all_the_same(clock: FakeClock) -> None:
    with ModelServer(replies(200, b"?"), hangs_up, answers("Neutral")) as server:
        reasoner = reasoner_at(server, clock)
        with pytest.raises(ServerError):
            reasoner.reason(request())
        assert reasoner.reason(request()).compound_label == "Neutral"


def test_a_long_answer_is_cut(clock: FakeClock) -> None:
    with ModelServer(answers("x" * 100_000)) as server:
        assert len(model_at(server, clock).look(FACE).ask("?", BASIC_LABELS).text) == 1000


def test_one_deadline_for_both_questions(clock: FakeClock) -> None:
    with ModelServer(answers("Fear"), answers("Fear")) as server:
        picture = model_at(server, clock, deadline_s=10.0).look(FACE)
        picture.ask("?", BASIC_LABELS)
        clock.advance(10.0)
        with pytest.raises(ServerError, match="no time is left for this question; see deadline_s"):
            picture.ask("?", BASIC_LABELS)
    assert len(server.received) == 1
