from __future__ import annotations

import pytest

pytest.importorskip("torch")

from realtime_fer.training.emotion_gcn.run_folder import newest_is_best, panels_of

pytestmark = pytest.mark.torch


def test_the_first_of_equal_epochs_is_the_best() -> None:
    values = [0.5, 0.4, 0.5, 0.6]
    history = [{"war": value} for value in values]
    assert [newest_is_best(history[:count], "war") for count in (1, 2, 3, 4)] == [True, False, False, True]


def test_panels_show_what_there_is() -> None:
    row = {"epoch": 1.0, "loss": 2.0, "held_out_war": 0.5, "held_out_uar": 0.4, "test_war": 0.3, "test_uar": 0.2}
    loss, recognition = panels_of([row])
    assert loss.lines == {"loss": "sum"}
    assert recognition.lines == {
        "held_out_war": "WAR, held out",
        "held_out_uar": "UAR, held out",
        "test_war": "WAR, test",
        "test_uar": "UAR, test",
    }
    more = panels_of([{**row, "affect_loss": 1.0, "expression_loss": 1.0, "test_ccc_valence": 0.1, "test_ccc_arousal": 0.2}])
    assert [panel.title for panel in more] == ["Training loss", "Recognition", "Concordance"]
