from __future__ import annotations

import pytest

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.chain_of_affect.prompts import (
    FIRST_QUESTION,
    FIRST_QUESTION_COMPOUND_TEST,
    NEUTRAL_HINT,
    second_candidates,
    second_question,
)
from tests.reasoning.chain_of_affect.published_facts import published_facts


def test_the_first_question() -> None:
    assert FIRST_QUESTION == (
        "Select an emotion label from the following options: 'Surprise', 'Fear', 'Disgust', 'Happiness', 'Sadness', 'Anger', "
        "or 'Neutral'."
    )
    assert FIRST_QUESTION_COMPOUND_TEST.endswith("'Sadness', 'Anger' or 'Neutral'.")
    assert len(FIRST_QUESTION) - len(FIRST_QUESTION_COMPOUND_TEST) == 1


def test_the_second_question_leaves_the_first_answer_out() -> None:
    assert second_question("Happiness") == (
        "The primary emotion conveyed by this image was Happiness. Please select the next most strongly felt emotion from the "
        "following options: Surprise, Fear, Disgust, Sadness, Anger, or Neutral."
    )
    assert second_candidates("Neutral") == BASIC_LABELS[:-1]
    assert second_question("Neutral").endswith("Happiness, Sadness, or Anger.")


@pytest.mark.parametrize("primary", ["Contempt", "happiness", "", "Happiness."])
def test_what_is_no_label_leaves_all_seven(primary: str) -> None:
    assert second_candidates(primary) == BASIC_LABELS
    assert f"was {primary}. Please" in second_question(primary)


def test_the_hint_is_an_ending() -> None:
    assert second_question("Fear", neutral_hint=True) == second_question("Fear") + NEUTRAL_HINT
    assert NEUTRAL_HINT == " If the secondary emotion is not highly apparent, say 'Neutral'."


@pytest.mark.shared_data
def test_the_published_wording() -> None:
    prompts = published_facts()["prompts"]
    assert prompts["first_training_and_basic_inference"] == FIRST_QUESTION
    assert prompts["first_compound_inference"] == FIRST_QUESTION_COMPOUND_TEST
    template, variant = prompts["second"], prompts["second_commented_out_variant"]
    for primary in (*BASIC_LABELS, "Contempt"):
        candidates = prompts["second_candidates"].get(primary, prompts["second_candidates_unknown"])
        assert second_question(primary) == template.format(primary=primary, candidates=candidates)
        assert second_question(primary, neutral_hint=True) == variant.format(primary=primary, candidates=candidates)


@pytest.mark.shared_data
def test_published_records_are_made_anew() -> None:
    for record in published_facts()["samples"]:
        asked, answered = (turn["value"] for turn in record["conversations"])
        single = len(record["id"]) == 4
        made = {FIRST_QUESTION} if single else {second_question(primary) for primary in BASIC_LABELS}
        assert asked.removeprefix("<image>\n") in made
        assert answered in BASIC_LABELS
