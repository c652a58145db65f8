from __future__ import annotations

from realtime_fer.reasoning.supervision.health import LATENCY_WINDOW, ReasonerLedger, ReasonerState


def test_a_snapshot_stays_as_it_was() -> None:
    ledger = ReasonerLedger()
    before = ledger.snapshot(waiting=2)
    ledger.asked += 1
    ledger.state = ReasonerState.BUSY
    after = ledger.snapshot(waiting=0)
    assert (before.asked, before.waiting, before.state, before.latency_ms) == (0, 2, ReasonerState.STOPPED, None)
    assert (after.asked, after.waiting, after.state) == (1, 0, ReasonerState.BUSY)


def test_latency_is_of_the_last_answers() -> None:
    ledger = ReasonerLedger()
    ledger.latencies_ms.extend([1e6] * 10)
    ledger.latencies_ms.extend(range(LATENCY_WINDOW))
    assert ledger.snapshot(0).latency_ms == {"p50": 499.5, "p95": 949.05, "p99": 989.01}
