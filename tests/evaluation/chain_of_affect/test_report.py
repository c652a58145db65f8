from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the train extra")

from realtime_fer.errors import ShapeError
from realtime_fer.evaluation.chain_of_affect.protocol import (
    NO_LABEL,
    PROTOCOLS,
    RAF_DB_BASIC,
    RAF_DB_COMPOUND,
    ChainAnswers,
    ChainCase,
)
from realtime_fer.evaluation.chain_of_affect.report import chain_report, draw_chain_confusion
from realtime_fer.evaluation.metrics import accuracy, class_recalls, mean_recall
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS, COMPOUND_PAIRS
from tests.reasoning.chain_of_affect.published_facts import published_facts

TEST = {"weights": "w"}
Answered = list[tuple[ChainCase, ChainAnswers]]


def said(label: str) -> ChainAnswers:
    return ChainAnswers(*COMPOUND_PAIRS[label]) if label in COMPOUND_PAIRS else ChainAnswers(label)


def some_answers(protocol_name: str, seed: int) -> Answered:
    """Random ones, some of them no label; one class has no picture."""
    rng = np.random.default_rng(seed)
    protocol = PROTOCOLS[protocol_name]
    truths = rng.choice(protocol.classes[1:], 300)
    found = np.where(rng.random(300) < 0.6, truths, rng.choice([*protocol.classes, "Contempt"], 300))
    return [(ChainCase(f"{n}.jpg", str(t)), said(str(f))) for n, (t, f) in enumerate(zip(truths, found, strict=True))]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_figures_agree_with_our_own_metrics(name: str) -> None:
    """Two implementations: scikit-learn's, and the one of the other protocols."""
    protocol, answered = PROTOCOLS[name], some_answers(name, 3)
    report = chain_report(protocol, answered, TEST)
    columns = [*protocol.classes, *protocol.others]
    chosen = np.eye(len(columns))[[columns.index(protocol.outcome(answers)) for _, answers in answered]]
    truth = np.array([columns.index(case.truth) for case, _ in answered])
    assert report.war == pytest.approx(accuracy(chosen, truth), abs=1e-12)
    assert report.uar == pytest.approx(mean_recall(chosen, truth), abs=1e-12)
    recalls = class_recalls(chosen, truth)[: len(protocol.classes)]
    assert list(report.per_class.values()) == pytest.approx(recalls, abs=1e-12, nan_ok=True)
    assert math.isnan(report.per_class[protocol.classes[0]])
    assert report.confusion.sum() == 300
    assert report.confusion.sum(axis=1).tolist() == list(report.support.values())
    assert np.trace(report.confusion) == round(report.war * 300)
    assert len(report.unmatched) == report.confusion[:, columns.index(NO_LABEL)].sum() > 0


@pytest.mark.parametrize(("name", "key"), [("raf-db-basic", "basic"), ("raf-db-compound", "compound")])
def test_the_published_answers_give_the_published_figures(name: str, key: str) -> None:
    facts = published_facts()
    support = facts["valid_distribution"]["basic_answers"]
    if key == "compound":
        support = {entry["label"]: entry["test_images"] for entry in facts["compound"]}
    reported = facts["reported"][key]
    answered = [
        (ChainCase(f"{label}{number}.jpg", label), said(label if number < hits else wrong))
        for label, hits in reported["recall_hits"].items()
        for number, wrong in enumerate(["Fear" if label == "Neutral" else "Neutral"] * support[label])
    ]
    report = chain_report(PROTOCOLS[name], answered, TEST)
    assert report.n == reported["n"]
    assert report.war == pytest.approx(reported["accuracy"], abs=1e-12)
    assert report.uar == pytest.approx(reported["uar"], abs=1e-12)
    if key == "compound":
        assert round(report.uar, 3) == reported["readme_uar"]


def test_a_small_case_by_hand() -> None:
    answered = [
        (ChainCase("a.jpg", "Fear"), ChainAnswers("fear")),
        (ChainCase("b.jpg", "Fear"), ChainAnswers("Anger")),
        (ChainCase("c.jpg", "Fear"), ChainAnswers("I cannot say")),
        (ChainCase("d.jpg", "Anger"), ChainAnswers("Anger")),
    ]
    report = chain_report(RAF_DB_BASIC, answered, TEST, bootstrap_draws=50)
    assert report.war == 0.5
    assert report.uar == pytest.approx((1 / 3 + 1) / 2)
    row = report.confusion[BASIC_LABELS.index("Fear")].tolist()
    assert (row[BASIC_LABELS.index("Fear")], row[BASIC_LABELS.index("Anger")], row[-1], sum(row)) == (1, 1, 1, 3)
    assert [case.image for case, _ in report.unmatched] == ["c.jpg"]
    low, high = report.intervals["war"]
    assert 0 <= low < report.war < high <= 1
    values = json.loads(report.as_json())
    assert values["per_class"] == {**dict.fromkeys(BASIC_LABELS), "Fear": 0.3333, "Anger": 1.0}
    assert values["confusion_columns"] == [*BASIC_LABELS, "no label"]
    assert values["unmatched"] == {
        "n": 1,
        "answers": [{"image": "c.jpg", "truth": "Fear", "first": "I cannot say", "second": None}],
    }
    assert values["test"] == TEST
    text = report.as_text()
    assert "UAR  0.6667  (95 % bootstrap interval" in text
    assert "no label: c.jpg (Fear): 'I cannot say'" in text


def test_long_lists_of_unmatched_answers_are_cut_in_the_text_alone() -> None:
    answered = [(ChainCase(f"{n}.jpg", "Sadly Angry"), ChainAnswers("Anger", "who knows")) for n in range(14)]
    report = chain_report(RAF_DB_COMPOUND, answered, TEST)
    assert "and 4 more" in report.as_text()
    assert len(json.loads(report.as_json())["unmatched"]["answers"]) == 14
    assert "then 'who knows'" in report.as_text()


@pytest.mark.parametrize("answered", [[], [(ChainCase("a.jpg", "Joy"), ChainAnswers("Joy"))]], ids=["none", "strange"])
def test_nothing_to_score(answered: Answered) -> None:
    with pytest.raises(ShapeError, match="raf-db-basic: expected answers on its 7 classes"):
        chain_report(RAF_DB_BASIC, answered, TEST)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_confusion_as_a_picture(tmp_path: Path, name: str) -> None:
    report = chain_report(PROTOCOLS[name], some_answers(name, 1), TEST)
    draw_chain_confusion(report, tmp_path / "c.png")
    picture = cv2.imread(str(tmp_path / "c.png"))
    assert picture is not None
    # A cell of the diagonal is dark blue, the first row has no picture and is white.
    assert picture.shape[1] > picture.shape[0]
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
