from __future__ import annotations

from realtime_fer.networks.phi3_vision.chat import IMAGE_TAG, Message, chat_text, number_pictures, one_picture_question


def test_turns_and_the_opening_of_an_answer() -> None:
    turns = [Message("system", "S"), Message("user", "A?"), Message("assistant", "B"), Message("user", "C?")]
    assert chat_text(turns) == (
        "<|system|>\nS<|end|>\n<|user|>\nA?<|end|>\n<|assistant|>\nB<|end|>\n<|user|>\nC?<|end|>\n<|assistant|>\n"
    )


def test_an_answered_chat_is_not_opened_again() -> None:
    answered = [Message("user", "A?"), Message("assistant", "B")]
    assert chat_text(answered).endswith("B<|end|>\n")
    assert chat_text(answered[:1], ask=False) == "<|user|>\nA?<|end|>\n"
    assert chat_text([]) == ""


def test_one_question_about_one_picture() -> None:
    assert one_picture_question("Why?") == "<|user|>\n<|image_1|>\nWhy?<|end|>\n<|assistant|>\n"
    assert IMAGE_TAG.findall(one_picture_question("Why?")) == ["1"]


def test_pictures_are_counted_through_the_turns() -> None:
    values = ["<image>\nA and <image>", "none", "<image>"]
    assert number_pictures(values) == ["<|image_1|>\nA and <|image_2|>", "none", "<|image_3|>"]
