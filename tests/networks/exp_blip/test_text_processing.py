from __future__ import annotations

import pytest

from realtime_fer.networks.exp_blip.text_processing import processed_caption, stage_two_text


def test_lower_case_marks_and_spaces() -> None:
    assert processed_caption('  The "FACE"; (smiles)!\n It\'s: #1 ~ joy*. ') == "the face smiles it's 1 joy ."


def test_a_long_caption_is_cut_to_fifty_words() -> None:
    assert processed_caption("a " * 51) == " ".join(["a"] * 50)
    assert processed_caption("a b c", max_words=2) == "a b"


def test_no_words_left_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_words"):
        processed_caption("a", max_words=0)


def test_the_end_mark_comes_after_the_cut() -> None:
    assert stage_two_text("A b. c", max_words=2) == "a b.\n"
