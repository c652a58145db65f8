from __future__ import annotations

from realtime_fer.training.emotion_gcn_ferplus.abstention_card import abstention_section


def test_the_promise_and_what_was_found() -> None:
    promise = {"unknown_below": 0.51, "answered_share": 0.9, "max_error": 0.1, "certainty": 0.95, "faces": 1250}
    text = abstention_section(promise, {"limit": 0.51, "share": 0.91, "accuracy": 0.923, "share_unclear": 0.6})
    for part in ("0.51", "1,250 faces", "95% certainty", "10% of the answers", "90.0%", "91.0%", "92.3%", "60.0%"):
        assert part in text


def test_without_a_promise_the_default_is_named() -> None:
    assert "0.3" in abstention_section(None, None)
