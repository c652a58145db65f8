from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

pytest.importorskip("torch")

from realtime_fer.errors import DatasetError, ShapeError
from realtime_fer.evaluation.expllm.labels import ANSWERS, expllm_report, require_labels

TRUTH = ["Happiness", "Happiness", "Fear", "Fear", "Neutral", "Anger"]
SAID = ["Happiness", "Happy", "Fear", "fear", "Contempt", "Anger"]


def test_only_the_word_itself_is_right() -> None:
    report = expllm_report(SAID, TRUTH, "raf-db-7", {"weights": "w"}, bootstrap_draws=50)
    assert (report.n, report.accuracy, report.not_a_label) == (6, 0.5, 2)
    assert report.uar == pytest.approx(np.mean([0.5, 0.5, 0.0, 1.0]))
    assert report.confusion[ANSWERS.index("Neutral"), ANSWERS.index("Contempt")] == 1
    assert report.confusion[:, -1].sum() == 2
    low, high = report.intervals["war"]
    assert low < 0.5 < high


def test_figures_are_those_of_another_implementation() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(ANSWERS[:7], 200).tolist()
    said = [word if rng.random() < 0.6 else str(rng.choice(ANSWERS)) for word in truth]
    values = json.loads(expllm_report(said, truth, "raf-db-7", {}).as_json())
    assert values["uar"] == pytest.approx(recall_score(truth, said, labels=ANSWERS[:7], average="macro"), abs=1e-4)
    expected = f1_score(truth, said, labels=ANSWERS[:7], average=None)
    assert [values["f1"][name] for name in ANSWERS[:7]] == pytest.approx(expected.tolist(), abs=1e-4)
    assert (values["protocol"], values["n"], values["intervals"]) == ("raf-db-7", 200, {})


def test_text_names_every_class_that_was_there() -> None:
    lines = expllm_report(SAID, TRUTH, "raf-db-7", {}, bootstrap_draws=10).as_text().splitlines()
    assert lines[0] == "raf-db-7, n = 6; 2 answers are no label and count as wrong"
    assert "95 % bootstrap interval" in lines[1]
    assert sum("recall" in line for line in lines) == 4


def test_truth_must_belong_to_the_protocol() -> None:
    with pytest.raises(DatasetError, match=r"truth: expected labels of raf-db-7 .*found 1 others \(Contempt\)"):
        expllm_report(["Contempt"], ["Contempt"], "raf-db-7", {})
    expllm_report(["Contempt"], ["Contempt"], "affectnet-kaggle-8", {})
    with pytest.raises(DatasetError, match=r"file: .*found 1 others \(a record without one\)"):
        require_labels(["Fear", None], "raf-db-7", "file")
    with pytest.raises(ShapeError):
        expllm_report([], [], "raf-db-7", {})
