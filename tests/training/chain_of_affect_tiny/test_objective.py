from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from realtime_fer.errors import ModelShapeError  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.chat import face_question  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.lessons import EpochLessons  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.objective import (  # noqa: E402
    END_SHARE,
    Questions,
    lesson_losses,
    word_likelihoods,
)
from realtime_fer.training.chain_of_affect_tiny.questions import FIRST_WORDINGS, LABELS, every_text, second_wording  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.vocabulary import make_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

TOKENIZER = BytePairTokenizer(json.loads(make_tokenizer(every_text())))
VOTES = np.array([[8, 0, 0, 2, 0, 0, 0, 0, 0, 0], [0, 10, 0, 0, 0, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0, 0, 4, 0]], np.uint8)


def test_questions_as_tables_of_ids() -> None:
    questions = Questions(TOKENIZER, "cpu")
    before, after = questions.second(2, np.array([3, 0]))
    for row, label in enumerate(("Happiness", "Surprise")):
        assert (before[row].tolist(), after[row].tolist()) == face_question(TOKENIZER, second_wording(2, label))
    before, after = questions.first(3, 2)
    assert after.tolist() == [face_question(TOKENIZER, FIRST_WORDINGS[3]).after] * 2
    assert before.shape == (2, 2)


def test_a_tokenizer_that_splits_a_label_is_refused() -> None:
    known = [text.replace("Contempt", "Anger") for text in every_text()]
    with pytest.raises(ModelShapeError, match="one length for every label"):
        Questions(BytePairTokenizer(json.loads(make_tokenizer(known))), "cpu")


def test_every_other_word_counts_as_wrong() -> None:
    answers = torch.tensor([2, 5])
    logits = torch.zeros(1, 8)
    shares = np.array([[0.25, 0.75]], np.float32)
    assert float(word_likelihoods(logits, shares, answers)) == pytest.approx(-math.log(8))
    logits[0, 7] = 50
    assert float(word_likelihoods(logits, shares, answers)) == pytest.approx(-50, abs=0.1)


class Parrot:
    """Gives the same logits for every word, and notes what it was asked."""

    def __init__(self, logits: Any) -> None:
        self.logits = logits
        self.asked: list[Any] = []

    def read(self, _before: Any, vectors: Any, after: Any, last: int) -> Any:
        assert last == 2
        self.asked.append(after)
        return self.logits.expand(len(vectors), 2, -1)


def test_losses_of_a_model_that_knows_nothing_but_one_word() -> None:
    questions = Questions(TOKENIZER, "cpu")
    (lesson,) = EpochLessons(VOTES, 3, 0, 0)
    happy = LABELS.every.index("Happiness")
    parrot: Any = Parrot(torch.zeros(200 + max(questions.answers.tolist())))
    losses = lesson_losses(parrot, torch.zeros(3, 10, 4), lesson, questions)
    plain = math.log(len(parrot.logits))
    assert float(losses["first"]) == pytest.approx(plain, rel=1e-5)
    assert float(losses["end"]) == pytest.approx(2 * plain, rel=1e-5)
    assert float(losses["loss"]) == pytest.approx(2 * plain + END_SHARE * 2 * plain, rel=1e-5)
    for asked, said in zip(parrot.asked, (lesson.first_said, lesson.second_said), strict=True):
        assert asked[:, -1].tolist() == questions.answers[torch.from_numpy(said)].tolist()
    parrot.logits[questions.answers[happy]] = 20
    # The face on which half of the crowd saw no emotion counts for half.
    rows = {int(row): place for place, row in enumerate(lesson.rows)}
    expected = (20 * (1 - 0) + 20 * 0.5) / 2.5
    found = lesson_losses(parrot, torch.zeros(3, 10, 4), lesson, questions)["first"]
    assert float(found) == pytest.approx(expected, abs=0.01)
    unweighted = replace(lesson, weights=np.where(np.arange(3) == rows[1], 1, 0).astype(np.float32))
    assert float(lesson_losses(parrot, torch.zeros(3, 10, 4), unweighted, questions)["first"]) == pytest.approx(0, abs=0.01)
