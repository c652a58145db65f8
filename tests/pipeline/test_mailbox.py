from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.pipeline.mailbox import Mailbox


@given(st.lists(st.one_of(st.integers(), st.none()), max_size=40), st.integers(1, 4))
def test_newest_wins_loses_only_the_oldest_and_tells_which(actions: list[int | None], capacity: int) -> None:
    """None takes, a number puts; whatever happens, every item is taken, lost or waiting, in order."""
    mailbox: Mailbox[int] = Mailbox(capacity=capacity)
    put, taken, lost = [], [], []
    for number, action in enumerate(actions):
        if action is None:
            item = mailbox.take(timeout_s=0)
            if item is not None:
                taken.append(item)
        else:
            put.append(number)
            gone = mailbox.put(number)
            if gone is not None:
                lost.append(gone)
        assert len(mailbox) <= capacity
    waiting = mailbox.close(discard=True)
    assert sorted(taken + lost + waiting) == put
    assert taken == sorted(taken)
    assert all(w > max(taken + lost, default=-1) for w in waiting)


def test_wait_policy_loses_nothing() -> None:
    mailbox: Mailbox[int] = Mailbox(capacity=1, policy="wait")
    lost: list[int] = []
    giver = threading.Thread(target=lambda: lost.extend(x for x in map(mailbox.put, range(100)) if x is not None))
    giver.start()
    taken = [mailbox.take(timeout_s=10) for _ in range(100)]
    giver.join(10)
    assert taken == list(range(100))
    assert lost == []


def test_close_wakes_a_waiting_giver_and_hands_its_item_back() -> None:
    mailbox: Mailbox[str] = Mailbox(capacity=1, policy="wait")
    mailbox.put("first")
    returned: list[str | None] = []
    giver = threading.Thread(target=lambda: returned.append(mailbox.put("second")))
    giver.start()
    assert mailbox.close() == []
    giver.join(10)
    assert returned == ["second"]
    assert mailbox.take(timeout_s=0) == "first"
    assert mailbox.finished


def test_close_wakes_a_waiting_taker() -> None:
    mailbox: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    taker = threading.Thread(target=lambda: taken.append(mailbox.take()))
    taker.start()
    mailbox.close()
    taker.join(10)
    assert taken == [None]


def test_capacity_is_checked() -> None:
    with pytest.raises(ValueError, match="1 or more, found 0"):
        Mailbox(capacity=0)
