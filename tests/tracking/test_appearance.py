from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.tracking.appearance import AppearanceMemory, likeness

RNG = np.random.default_rng(0)
FACE = RNG.integers(60, 160, (48, 48), dtype=np.uint8)
OTHER = RNG.integers(60, 160, (48, 48), dtype=np.uint8)


def test_likeness_agrees_with_the_correlation_coefficient() -> None:
    expected = np.corrcoef(FACE.ravel().astype(float), OTHER.ravel().astype(float))[0, 1]
    assert likeness(FACE, OTHER) == pytest.approx(expected, abs=1e-4)
    assert likeness(FACE, FACE) == pytest.approx(1)
    assert likeness(FACE, 255 - FACE) == pytest.approx(-1)


def test_light_does_not_count_and_an_even_picture_is_like_nothing() -> None:
    assert likeness(FACE, (FACE * 0.5 + 20).astype(np.uint8)) > 0.99
    assert likeness(FACE, np.zeros_like(FACE)) == 0


def test_a_missed_face_is_believed_while_its_place_looks_like_it() -> None:
    memory = AppearanceMemory()
    half_hidden = FACE.copy()
    half_hidden[30:] = 110
    assert memory.still_there(1, FACE, detected=True)
    assert memory.still_there(1, half_hidden, detected=False)
    assert not memory.still_there(1, OTHER, detected=False)
    assert not memory.still_there(1, None, detected=False)
    assert memory.still_there(1, FACE, detected=False), "it may come back into sight"


def test_what_the_detector_sees_is_always_believed_and_remembered() -> None:
    memory = AppearanceMemory()
    memory.still_there(1, FACE, detected=True)
    assert memory.still_there(1, OTHER, detected=True)
    assert memory.still_there(1, OTHER, detected=False)
    assert not memory.still_there(1, FACE, detected=False)


def test_tracks_are_apart_and_can_be_forgotten() -> None:
    memory = AppearanceMemory()
    memory.still_there(1, FACE, detected=True)
    memory.still_there(2, OTHER, detected=True)
    assert not memory.still_there(1, OTHER, detected=False)
    memory.forget(1)
    memory.forget(9)
    assert memory.still_there(1, OTHER, detected=False), "nothing is known of it any more"


def test_a_face_never_seen_whole_is_left_to_the_tracker() -> None:
    assert AppearanceMemory().still_there(3, FACE, detected=False)
