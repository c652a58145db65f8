from __future__ import annotations

from collections.abc import Sequence

import pytest

from realtime_fer.datasets.chain_records import ChainRecord, basic_records, compound_records
from realtime_fer.datasets.raf_db import RafDbPicture
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.chain_of_affect.protocol import (
    NO_LABEL,
    ONE_EMOTION,
    RAF_DB_BASIC,
    RAF_DB_COMPOUND,
    UNNAMED_PAIR,
    ChainAnswers,
    ChainCase,
)
from realtime_fer.reasoning.chain_of_affect.compound_labels import COMPOUND_PAIRS
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, second_question

RECORDS = [
    *basic_records([RafDbPicture("test", "0001", "Fear", "test_0001_aligned.jpg")]),
    *compound_records([RafDbPicture("test", "001", "Sadly Angry", "test_001_aligned.jpg")]),
]


class Saying:
    """A picture about which a model says these things, one after the other."""

    def __init__(self, *texts: str) -> None:
        self.asked: list[str] = []
        self._texts = iter(texts)

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        self.asked.append(question)
        return Reply(next(self._texts))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("Fear", "Fear"), ("fear", "Fear"), ("FEAR", "Fear"), ("Fear.", NO_LABEL), ("'Fear'", NO_LABEL), ("", NO_LABEL)],
)
def test_single_labels_are_read_in_either_case_and_nothing_else(answer: str, outcome: str) -> None:
    assert RAF_DB_BASIC.outcome(ChainAnswers(answer)) == outcome


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("Sadness", "Anger", "Sadly Angry"),
        ("Anger", "Sadness", "Sadly Angry"),
        ("anger", "Sadness", NO_LABEL),
        ("Anger", "Sadness.", NO_LABEL),
        ("Contempt", "Anger", NO_LABEL),
        ("Anger", "Anger", ONE_EMOTION),
        ("Anger", "Neutral", ONE_EMOTION),
        ("Happiness", "Anger", UNNAMED_PAIR),
        ("Neutral", None, "Neutral"),
        ("Neutral", "Anger", "Neutral"),
    ],
)
def test_compound_labels_are_two_exact_answers_in_either_order(first: str, second: str | None, outcome: str) -> None:
    assert RAF_DB_COMPOUND.outcome(ChainAnswers(first, second)) == outcome


def test_right_is_what_the_published_rule_calls_right() -> None:
    """Two different answers, both in the true pair."""
    answers = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral", "fear", "None"]
    for label, pair in COMPOUND_PAIRS.items():
        for first in answers:
            for second in answers:
                right = first != second and first in pair and second in pair
                assert (RAF_DB_COMPOUND.outcome(ChainAnswers(first, second)) == label) is right


def test_the_basic_test_asks_once_as_trained() -> None:
    picture = Saying("happiness")
    assert RAF_DB_BASIC.ask(picture, RAF_DB_BASIC.variant) == ChainAnswers("happiness")
    assert picture.asked == [FIRST_QUESTION]
    assert RAF_DB_BASIC.variant.num_crops == 4


def test_the_compound_test_asks_twice_with_its_own_wording() -> None:
    picture = Saying("Happiness", "Surprise")
    assert RAF_DB_COMPOUND.ask(picture, RAF_DB_COMPOUND.variant) == ChainAnswers("Happiness", "Surprise")
    assert picture.asked == [FIRST_QUESTION.replace("'Anger', or", "'Anger' or"), second_question("Happiness")]


def test_a_first_answer_that_is_no_label_is_passed_on_in_its_words() -> None:
    picture = Saying("Great joy", "Fear")
    assert RAF_DB_COMPOUND.ask(picture, RAF_DB_COMPOUND.variant) == ChainAnswers("Great joy", "Fear")
    assert picture.asked[1].startswith("The primary emotion conveyed by this image was Great joy. ")


def test_nothing_more_is_asked_after_neutral() -> None:
    assert RAF_DB_COMPOUND.ask(Saying("Neutral"), RAF_DB_COMPOUND.variant) == ChainAnswers("Neutral", None)


def test_each_test_takes_its_own_pictures_once() -> None:
    assert RAF_DB_BASIC.cases(RECORDS, "f") == [ChainCase("test_0001_aligned.jpg", "Fear")]
    assert RAF_DB_COMPOUND.cases(RECORDS, "f") == [ChainCase("test_001_aligned.jpg", "Sadly Angry")]


def test_files_without_such_pictures_are_refused() -> None:
    with pytest.raises(DatasetError, match="f: expected second questions for raf-db-compound, found none among 1 records"):
        RAF_DB_COMPOUND.cases(RECORDS[:1], "f")
    with pytest.raises(DatasetError, match="f: expected first questions for raf-db-basic, found none among 2 records"):
        RAF_DB_BASIC.cases(RECORDS[1:], "f")


def test_records_that_contradict_each_other_are_named() -> None:
    other = ChainRecord("x", RECORDS[1].image, second_question("Fear"), "Anger")
    with pytest.raises(
        DatasetError, match=r"f: record 3 \(id x\): test_001_aligned\.jpg is Fearfully Angry here and Sadly Angry before"
    ):
        RAF_DB_COMPOUND.cases([*RECORDS, other], "f")


def test_a_pair_without_a_name_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"record 0 \(id x\): Fear and Disgust are no compound"):
        RAF_DB_COMPOUND.cases([ChainRecord("x", "a.jpg", second_question("Fear"), "Disgust")], "f")


def test_another_first_question_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"record 0 \(id x\): expected the published question, found 'How do they feel\?'"):
        RAF_DB_BASIC.cases([ChainRecord("x", "a.jpg", "How do they feel?", "Disgust")], "f")
