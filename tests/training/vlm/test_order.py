from __future__ import annotations

from itertools import chain

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.training.chain_of_affect.recipe import ChainRecipe
from realtime_fer.training.vlm.order import Draw, RecordOrder, dropout_seed

RECIPE = ChainRecipe(batch=8, micro_batch=2, seed=5)


def test_every_record_once_an_epoch_in_a_new_order() -> None:
    order = RecordOrder(RECIPE, 12)
    shown = list(chain.from_iterable(order.batch(step) for step in range(6)))
    epochs = [shown[start : start + 12] for start in range(0, 48, 12)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_step_depends_on_nothing_before_it() -> None:
    order = RecordOrder(RECIPE, 12)
    forwards = [order.batch(step) for step in range(6)]
    assert [RecordOrder(RECIPE, 12).batch(step) for step in reversed(range(6))] == forwards[::-1]
    assert RecordOrder(ChainRecipe(batch=8, micro_batch=2, seed=6), 12).batch(0) != forwards[0]


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_take_together_what_one_would(processes: int) -> None:
    dealt = [list(RecordOrder(RECIPE, 12).micro_batches(1, 3, process, processes)) for process in range(processes)]
    assert all(len(mine) == 2 * 4 // processes for mine in dealt)
    in_turn = list(chain.from_iterable(zip(*dealt, strict=True)))
    assert in_turn == list(RecordOrder(RECIPE, 12).micro_batches(1, 3, 0, 1))
    assert [draw.record for draw in chain.from_iterable(in_turn[:4])] == RecordOrder(RECIPE, 12).batch(1)
    assert [draw.position for draw in chain.from_iterable(in_turn)] == list(range(8, 24))


def test_processes_that_cannot_share_a_batch() -> None:
    with pytest.raises(SettingsError, match="3 processes"):
        list(RecordOrder(RECIPE, 12).micro_batches(0, 1, 0, 3))


def test_dropout_differs_everywhere_and_fits_the_generator() -> None:
    seeds = {dropout_seed(seed, step, micro) for seed in range(3) for step in range(3) for micro in range(3)}
    assert len(seeds) == 27
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert dropout_seed(1, 2, 3) == dropout_seed(1, 2, 3)


def test_whole_epochs_leave_the_rest_out() -> None:
    order = RecordOrder(RECIPE, 21, whole_epochs=True)
    epochs = [order.batch(step) + order.batch(step + 1) for step in (0, 2, 4)]
    assert all(len(set(epoch)) == 16 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    with pytest.raises(SettingsError, match="batch: expected at most the 7 records there are, found 8"):
        RecordOrder(RECIPE, 7, whole_epochs=True)


def test_each_draw_has_a_chance_of_its_own() -> None:
    drawn = {float(Draw(3, position).generator(seed).random()) for position in range(4) for seed in range(3)}
    assert len(drawn) == 12
    assert Draw(3, 5).generator(1).random() == Draw(9, 5).generator(1).random()
