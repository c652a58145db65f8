from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.openai_compatible.completion import TokenStep
from realtime_fer.reasoning.openai_compatible.label_shares import LabelShares, label_shares
from tests.reasoning.openai_compatible.server import token

TWO = ("Surprise", "Sadness")


def shares_of(*steps: dict[str, Any], labels: tuple[str, ...] = BASIC_LABELS) -> LabelShares:
    return label_shares([TokenStep.model_validate(step) for step in steps], labels)


def given_to(shares: LabelShares) -> dict[str, Any]:
    assert shares.distribution is not None
    assert sum(shares.distribution.values()) == pytest.approx(1.0)
    return {label: pytest.approx(share) for label, share in shares.distribution.items() if share}


def test_first_tokens_that_tell_labels_apart() -> None:
    shares = shares_of(token("Sad", 0.5, Sur=0.3, Ne=0.1, The=0.05), token("ness", 0.9, ly=0.1))
    assert given_to(shares) == {"Sadness": 5 / 9, "Surprise": 3 / 9, "Neutral": 1 / 9}
    assert shares.mass == pytest.approx(0.9)


def test_whole_labels_and_more_in_one_token() -> None:
    shares = shares_of(token("Sadness.", 0.5, **{"Fear\n": 0.3, "Fearful": 0.1, "Anger": 0.1}))
    assert given_to(shares) == {"Sadness": 5 / 9, "Fear": 3 / 9, "Anger": 1 / 9}


@pytest.mark.parametrize("front", ["", " ", "\u2581", "\u0120", "'", '"', " '", "\n**"])
def test_what_stands_in_front_and_the_case_make_no_difference(front: str) -> None:
    shares = shares_of(token(f"{front}SAD", 0.5, **{f"{front}fear": 0.5}))
    assert given_to(shares) == {"Sadness": 0.5, "Fear": 0.5}


def test_a_shared_first_token_is_decided_by_the_next_one() -> None:
    shares = shares_of(token("S", 0.8, F=0.2), token("ur", 0.75, ad=0.25), token("prise", 1.0))
    assert given_to(shares) == {"Surprise": 0.6, "Sadness": 0.2, "Fear": 0.2}
    assert shares.mass == pytest.approx(1.0)


def test_over_two_shared_tokens() -> None:
    shares = shares_of(
        token("H", 0.9, S=0.1), token("app", 0.5, on=0.5), token("iness", 0.4, y=0.6), labels=("Happiness", "Happy")
    )
    assert given_to(shares) == {"Happiness": 0.4, "Happy": 0.6}
    assert shares.mass == pytest.approx(0.45)


def test_a_quote_that_was_chosen_is_passed_over_with_its_probability() -> None:
    shares = shares_of(token("'", 0.9, Sad=0.05, Fear=0.05), token("Sad", 0.5, Fear=0.5), token("ness'", 1.0))
    assert given_to(shares) == {"Sadness": 0.5, "Fear": 0.5}
    assert shares.mass == pytest.approx(1.0)


def test_a_quote_that_was_not_chosen_says_nothing() -> None:
    shares = shares_of(token("Sad", 0.5, **{"'": 0.3, " ": 0.1, "": 0.1}))
    assert given_to(shares) == {"Sadness": 1.0}
    assert shares.mass == pytest.approx(0.5)


def test_a_shared_token_that_was_not_chosen_is_divided_evenly() -> None:
    shares = shares_of(token("Fear", 0.6, S=0.4))
    assert given_to(shares) == {"Fear": 0.6, "Surprise": 0.2, "Sadness": 0.2}


def test_so_is_one_after_which_the_answer_ends() -> None:
    assert given_to(shares_of(token("S", 1.0), labels=TWO)) == {"Surprise": 0.5, "Sadness": 0.5}


def test_the_chosen_token_must_go_on_to_its_label() -> None:
    shares = shares_of(token("An", 0.9, Sad=0.1), token(" odd", 0.9), token(" face", 0.9))
    assert given_to(shares) == {"Sadness": 1.0}
    assert shares.mass == pytest.approx(0.1)
    # Cut short by max_tokens, it may have.
    assert given_to(shares_of(token("Sur", 0.9), token("pr", 0.9))) == {"Surprise": 1.0}


def test_after_a_shared_token_the_path_may_leave_the_labels() -> None:
    shares = shares_of(token("S", 0.8, Fear=0.2), token("miling", 0.5, ad=0.5))
    assert given_to(shares) == {"Sadness": 2 / 3, "Fear": 1 / 3}
    assert shares.mass == pytest.approx(0.6)


def test_another_token_that_reads_like_the_chosen_one_counts_too() -> None:
    step = token("Sad", 0.5)
    step["top_logprobs"] += [{"token": "Sad", "logprob": math.log(0.25)}, {"token": "Fear", "logprob": math.log(0.25)}]
    assert given_to(shares_of(step)) == {"Sadness": 0.75, "Fear": 0.25}


@pytest.mark.parametrize("alternatives", [None, []])
def test_without_alternatives_the_chosen_token_is_all_there_is(alternatives: list[object] | None) -> None:
    shares = shares_of({**token("Sad", 0.25), "top_logprobs": alternatives})
    assert given_to(shares) == {"Sadness": 1.0}
    assert shares.mass == pytest.approx(0.25)


@pytest.mark.parametrize("step", [token("The", 0.9, A=1e-300), token("token_id:21772", 0.9), token("", 1.0), token("'", 1.0)])
def test_no_label_at_all(step: dict[str, Any]) -> None:
    shares = shares_of(step, labels=TWO)
    assert (shares.distribution, shares.mass) == (None, 0.0)
    assert shares_of(labels=TWO) == LabelShares(None, 0.0)


def test_impossible_tokens_have_no_share() -> None:
    step = token("Sad", 1.0)
    step["top_logprobs"] += [{"token": "Fear", "logprob": -math.inf}, {"token": "Anger", "logprob": -9999.0}]
    assert given_to(shares_of(step)) == {"Sadness": 1.0}


TEXTS = st.sampled_from(
    ["S", "Sur", "Sad", "ur", "ad", "A", "An", "ger", "'", " ", "", "Fear", "F", "x", "\ud7ff", "prise", "Neutral"]
)
LOGS = st.floats(-50, 0)
CHOICES = st.fixed_dictionaries({"token": TEXTS, "logprob": LOGS})


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"token": TEXTS, "logprob": LOGS, "top_logprobs": st.lists(CHOICES, max_size=6)}), max_size=5
    )
)
def test_whatever_comes_it_is_a_distribution_or_none(steps: list[dict[str, Any]]) -> None:
    shares = shares_of(*steps)
    assert 0.0 <= shares.mass <= 1.0
    if shares.distribution is not None:
        assert list(shares.distribution) == list(BASIC_LABELS)
        assert sum(shares.distribution.values()) == pytest.approx(1.0)
        assert min(shares.distribution.values()) >= 0.0
