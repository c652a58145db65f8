"""The shipped model, as the core install runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.reasoning.chain_of_affect.prompts import first_question, second_question
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import build, find_tiny, load_model
from realtime_fer.zoo.shelf import find_model
from tests.reasoning.questions import request


def face(seed: int = 0, side: int = 120) -> np.ndarray:
    """No face, but a picture with light and shade."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((side // 6, side // 6, 1), np.uint8))


def test_it_answers_both_questions_with_labels_and_distributions() -> None:
    answer = build(threads=1).reason(request(crop=face()))
    assert [step.question for step in answer.steps] == ["primary", "secondary"]
    primary, secondary = answer.steps
    assert primary.label in CROWD_LABELS.first
    assert secondary.label in CROWD_LABELS.second(primary.label)
    for step in answer.steps:
        assert step.distribution is not None
        assert set(step.distribution) == set(CROWD_LABELS.every)
        assert sum(step.distribution.values()) == pytest.approx(1, abs=1e-9)
    assert (answer.model_name, answer.model_version) == (
        "chain-of-affect-tiny",
        find_model("chain-of-affect-tiny").manifest.version,
    )
    assert "muscle" not in answer.text


def test_left_to_speak_it_says_whole_labels_and_stops() -> None:
    chosen, spoken = load_model(), load_model(in_words=True)
    for seed in range(5):
        pictures = chosen.look(face(seed)), spoken.look(face(seed))
        for told in CROWD_LABELS.first:
            asked, offered = second_question(told, labels=CROWD_LABELS), CROWD_LABELS.second(told)
            choice, words = (picture.ask(asked, offered) for picture in pictures)
            assert words.text in CROWD_LABELS.every
            assert words.distribution == choice.distribution
            assert words.text == max(words.distribution or {}, key=(words.distribution or {}).__getitem__)


def test_it_reads_which_emotion_the_second_question_names() -> None:
    picture = load_model().look(face())
    first = picture.ask(first_question(CROWD_LABELS), CROWD_LABELS.first).distribution or {}
    assert first["none"] < 0.02
    answers = set()
    for told in CROWD_LABELS.first:
        reply = picture.ask(second_question(told, labels=CROWD_LABELS), CROWD_LABELS.every)
        assert (reply.distribution or {})[told] < 0.1
        answers.add(tuple((reply.distribution or {}).values()))
    assert len(answers) == len(CROWD_LABELS.first)


def test_what_was_asked_before_changes_nothing() -> None:
    picture = load_model().look(face())
    question = first_question(CROWD_LABELS)
    once = picture.ask(question, CROWD_LABELS.first)
    picture.ask(second_question("Fear", labels=CROWD_LABELS), CROWD_LABELS.second("Fear"))
    assert picture.ask(question, CROWD_LABELS.first) == once


def test_no_torch_no_transformers_no_tokenizers() -> None:
    code = (
        "import sys; from realtime_fer.reasoning.chain_of_affect.tiny_onnx import build; build();"
        "print([name for name in ('torch', 'transformers', 'tokenizers', 'safetensors') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        build(model_dir=str(tmp_path / "nowhere"))
    with pytest.raises(ModelShapeError, match="expected a chain-of-affect model, found task 'expression'"):
        build(model_dir="emotion-gcn-ferplus")
    shelved, manifest = find_tiny(None)
    folder = tmp_path / "model"
    folder.mkdir()
    for file in ("manifest.json", manifest.file, *(further.file for further in manifest.further_files)):
        shutil.copyfile(shelved.folder / file, folder / file)
    build(model_dir=str(folder))
    (folder / manifest.tokenizer.file).write_text("{}")
    with pytest.raises(ModelCorruptError, match=r"tokenizer\.json"):
        build(model_dir=str(folder))
