from __future__ import annotations

from realtime_fer.training.expllm.chain_of_thought.prompts import describe, form, infer, measured, refine, reflect
from tests.training.expllm.chain_of_thought.faces import ANGRY, GOOD, HAPPY

LABELS = ("Happiness", "Anger")


def test_actions_are_told_strongest_first() -> None:
    assert measured(HAPPY).splitlines()[1:] == [
        "- left lip corner pull: strong (0.80 of 1)",
        "- right lip corner pull: strong (0.75 of 1)",
    ]
    assert measured(ANGRY).splitlines()[1:] == ["- brow lowerer: strong (0.80 of 1)", "- lid tightener: present"]


def test_the_describer_is_not_told_the_label_and_remembers_what_was_wrong() -> None:
    first = describe(HAPPY, LABELS, [])
    assert [message["role"] for message in first] == ["system", "user"]
    assert "Happiness, Anger." in first[1]["content"]
    again = describe(HAPPY, LABELS, [("D1", "F1"), ("D2", "F2")])
    assert again[:2] == first
    assert [message["role"] for message in again[2:]] == ["assistant", "user"] * 2
    assert again[2]["content"] == "D1"
    assert "not right: F1" in again[3]["content"]
    assert measured(HAPPY) in again[5]["content"]


def test_the_reader_sees_the_description_alone() -> None:
    asked = infer(GOOD, LABELS)
    assert asked[1]["content"] == GOOD
    assert "lip corner" not in asked[0]["content"]
    assert "Happiness, Anger." in asked[0]["content"]


def test_critic_and_editor_get_what_they_need() -> None:
    critic = reflect(HAPPY, "D", "P.")[1]["content"]
    assert measured(HAPPY) in critic
    assert critic.endswith("What is wrong with it: P.")
    assert form(LABELS) in refine("D", LABELS)[1]["content"]
