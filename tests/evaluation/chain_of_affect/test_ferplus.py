from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.chain_of_affect.ferplus import chain_report, evaluate_ferplus_chain, prior_only
from realtime_fer.evaluation.chain_of_affect.ferplus_answers import CHAIN_CLASSES, ask_all
from realtime_fer.evaluation.chain_of_affect.speed import milliseconds_per_chain
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.tiny import tiny_rules
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb

PLAIN = {label.lower(): label for label in CROWD_LABELS.every}


class Seer:
    """Knows both emotions of a face: its first pixels say which. What it says first can be set."""

    name, version = "seer", "1"

    def __init__(self, always_first: str | None = None, mumbles: bool = False) -> None:
        self._always = always_first
        self._mumbles = mumbles
        self.looked = 0

    def look(self, face_rgb: ImageRgb) -> Seer:
        self.looked += 1
        self.true = [PLAIN[CHAIN_CLASSES[int(face_rgb[0, place, 0]) % 9]] for place in (0, 1)]
        return self

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        if question.startswith("Select"):
            label = self._always or self.true[0]
        else:
            named = question.split(" was ")[1].split(".", maxsplit=1)[0]
            label = self.true[1] if named == self.true[0] else self.true[0]
        assert label in options
        shares = {other: (0.6 if other == label else 0.05) for other in CROWD_LABELS.every}
        return Reply("Hm" if self._mumbles else label, shares)


def faces_of(pairs: Sequence[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures that `Seer` reads, and the votes of ten taggers for each pair."""
    images = np.zeros((len(pairs), 48, 48), np.uint8)
    votes = np.zeros((len(pairs), 10), np.uint8)
    for row, (first, second) in enumerate(pairs):
        numbers = CHAIN_CLASSES.index(first), CHAIN_CLASSES.index(second)
        images[row, 0, :2] = numbers
        votes[row, numbers[0]] = 10 if second == "none" else 7
        if second != "none":
            votes[row, numbers[1]] = 3
    return images, votes, np.array([CHAIN_CLASSES.index(first) for first, _ in pairs])


PAIRS = [("sadness", "neutral"), ("happiness", "none"), ("happiness", "none"), ("happiness", "surprise"), ("anger", "disgust")]


def test_who_knows_everything_is_always_right() -> None:
    images, _, primary = faces_of(PAIRS)
    answers = ask_all(Seer(), CROWD_LABELS, images, primary)
    second = np.array([CHAIN_CLASSES.index(second) for _, second in PAIRS])
    report = chain_report(answers, primary, second, CROWD_LABELS)
    assert (report.primary.war, report.primary.n) == (1.0, 5)
    assert (report.secondary["accuracy"], report.secondary["uar"], report.secondary["n"]) == (1.0, 1.0, 5)
    assert report.secondary["baseline_accuracy"] == pytest.approx(4 / 5)
    assert report.secondary["baseline_uar"] == pytest.approx(3 / 4)
    assert report.secondary["gain"] == pytest.approx(1 / 5)
    assert report.secondary["none_said"] == pytest.approx(2 / 5)
    assert report.chain["baseline_compound"] == pytest.approx(4 / 5)
    assert {report.chain[name] for name in ("both_right", "compound", "compound_told_first")} == {1.0}
    assert report.words == {"as_chosen": 1.0, "repeats_wrong": 0.0, "corrects_wrong": 1.0}
    assert report.second_support["none"] == 2
    assert report.per_second["surprise"] == 1.0
    assert report.intervals == {}


def test_a_first_answer_that_is_wrong_costs_the_chain_and_not_the_second_answer() -> None:
    images, _, primary = faces_of(PAIRS)
    second = np.array([CHAIN_CLASSES.index(second) for _, second in PAIRS])
    report = chain_report(ask_all(Seer("Anger"), CROWD_LABELS, images, primary), primary, second, CROWD_LABELS)
    assert report.primary.war == pytest.approx(1 / 5)
    assert report.secondary["accuracy"] == 1.0
    assert report.chain["both_right"] == pytest.approx(1 / 5)
    assert report.chain["compound_told_first"] == 1.0
    # Anger and then sadness is another compound than sadness alone.
    assert report.chain["compound"] == pytest.approx(1 / 5)


def test_a_pair_named_in_the_other_order_is_the_same_compound() -> None:
    images, _, primary = faces_of(PAIRS)
    second = np.array([CHAIN_CLASSES.index(second) for _, second in PAIRS])
    report = chain_report(ask_all(Seer("Disgust"), CROWD_LABELS, images, primary), primary, second, CROWD_LABELS)
    # Disgust is nobody's first emotion; asked on, it names anger for the face of anger and disgust.
    assert report.chain["both_right"] == 0.0
    assert report.chain["compound"] == pytest.approx(1 / 5)


def test_words_that_are_no_label_are_counted_and_every_answer_is_read() -> None:
    images, _, primary = faces_of(PAIRS)
    lines: list[str] = []
    answers = ask_all(Seer(mumbles=True), CROWD_LABELS, np.tile(images, (100, 1, 1)), np.tile(primary, 100), lines.append)
    assert answers.as_chosen == 0.0
    assert lines == ["500 of 500 faces"]
    assert answers.first.shape == (500, 8)
    assert answers.second.shape == answers.own_second.shape == (500, 9)
    np.testing.assert_allclose(answers.second.sum(axis=1), 1)
    assert (answers.second[np.arange(500), np.tile(primary, 100)] == 0).all()
    assert (answers.told_wrong != np.tile(primary, 100)).all()
    assert set(answers.told_wrong) == set(range(8))


def test_no_rule_without_a_look_does_better() -> None:
    first, second = np.array([1, 1, 1, 4, 4]), np.array([8, 8, 2, 5, 0])
    assert prior_only(first, second).argmax(axis=1).tolist() == [8, 8, 8, 0, 0]


def write(path: Path, votes: np.ndarray, images: np.ndarray) -> Path:
    np.savez(path, images=images, votes=votes)
    return path


def test_only_faces_with_one_second_place_count_for_the_second_question(tmp_path: Path) -> None:
    images, votes, _ = faces_of([*PAIRS, ("fear", "none"), ("fear", "none")])
    votes[5] = 0
    votes[5, [6, 0, 1]] = 6, 2, 2
    votes[6] = 0
    votes[6, [6, 0]] = 5, 5
    report = evaluate_ferplus_chain(Seer(), CROWD_LABELS, write(tmp_path / "f.npz", votes, images), bootstrap_draws=50)
    assert (report.primary.n, report.secondary["n"]) == (6, 5)
    low, high = report.intervals["gain"]
    assert -1 <= low <= report.secondary["gain"] <= high <= 1
    assert set(report.intervals) >= {"secondary_accuracy", "secondary_uar", "baseline_accuracy", "both_right", "compound"}
    line = json.loads(report.as_json())
    assert (line["protocol"], line["n"], line["war"], line["secondary"]["n"]) == ("ferplus-chain", 6, 1.0, 5)
    assert {"uar", "ece", "per_class", "chain", "words"} < set(line)
    assert line["secondary"]["per_class"]["contempt"] is None
    assert set(line["intervals"]) >= {"war", "uar", "ece", "gain"}


def test_a_file_in_which_nothing_counts(tmp_path: Path) -> None:
    images, votes, _ = faces_of([("fear", "none")])
    votes[0] = 0
    votes[0, [0, 6]] = 5
    with pytest.raises(DatasetError, match="ferplus-chain"):
        evaluate_ferplus_chain(Seer(), CROWD_LABELS, write(tmp_path / "f.npz", votes, images))


def test_time_is_taken_of_both_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 10_000_000_000, 1_500_000))
    monkeypatch.setattr("time.perf_counter_ns", lambda: next(ticks))
    seer = Seer()
    assert milliseconds_per_chain(seer, tiny_rules(CROWD_LABELS), faces=20) == (1.5, 1.5)
    assert seer.looked == 30
    assert len(FERPLUS_LABELS) == 8
