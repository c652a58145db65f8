from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.evaluation.affect_metrics import concordance  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import build_network  # noqa: E402
from realtime_fer.training.emotion_gcn.batches import plain_batches  # noqa: E402
from realtime_fer.training.emotion_gcn.figures import Answers, answers_of, figures_of  # noqa: E402
from tests.training.emotion_gcn.miniature import labelled_set, tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch


def test_figures_of_answers() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    affect = np.array([[0.1, 0.2], [0.5, -0.5], [0.3, 0.0], [-0.2, 0.4]])
    answers = Answers(logits, np.array([0, 0, 1, 2]), (affect, affect[::-1]))
    figures = figures_of(answers, "test")
    assert figures["test_war"] == 0.75
    assert figures["test_uar"] == pytest.approx(2 / 3)
    assert figures["test_ccc_valence"] == concordance(affect[:, 0], affect[::-1, 0])
    assert figures["test_ccc_arousal"] == concordance(affect[:, 1], affect[::-1, 1])
    assert figures_of(answers._replace(valence_arousal=None), "x").keys() == {"x_war", "x_uar"}


@pytest.mark.parametrize("kind", ["multi-task", "single-task"])
def test_answers_are_in_order_and_do_not_depend_on_the_batches(kind: Any) -> None:
    network = build_network("bregnext50", kind).train()
    faces, rows = labelled_set(), np.arange(10)
    together = answers_of(network, plain_batches(faces, rows, tiny_recipe(), 0), "cpu")
    apart = answers_of(network, plain_batches(faces, rows, tiny_recipe(batch=3), 0), "cpu")
    assert not network.training
    assert together.labels.tolist() == apart.labels.tolist() == faces.targets()[:10].tolist()
    np.testing.assert_allclose(together.logits, apart.logits, atol=1e-5)
    assert (together.valence_arousal is None) == (kind == "single-task")
    if together.valence_arousal is not None:
        assert [part.shape for part in together.valence_arousal] == [(10, 2), (10, 2)]
