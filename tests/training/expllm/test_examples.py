from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.datasets.expllm_records import ExpLlmFace, ExpLlmRecord, read_expllm_records  # noqa: E402
from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values  # noqa: E402
from realtime_fer.networks.expllm.prompts import DESCRIPTION, EXPRESSION, Turn  # noqa: E402
from realtime_fer.networks.expllm.sentencepiece_bpe import SentencePieceBpe  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import NOT_LEARNED, ExpLlmTokenizer  # noqa: E402
from realtime_fer.training.expllm.examples import PADDING_ID, ExpLlmExamples, collate, turns_of  # noqa: E402
from realtime_fer.training.expllm.recipe import PUBLISHED, ExpLlmRecipe  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.expllm.tiny import tiny_tokenizer  # noqa: E402
from tests.parity.conftest import PARITY  # noqa: E402
from tests.training.expllm.tiny_set import TINY, save_face  # noqa: E402

pytestmark = pytest.mark.torch

BOTH = ExpLlmRecord("a.png", "Fear", "Words.")
LABEL = ExpLlmRecord("b.png", "Anger")
RANDOM = replace(TINY, questions="random")


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def faces(tmp_path: Path) -> list[ExpLlmFace]:
    save_face(tmp_path / "a.png", 10)
    save_face(tmp_path / "b.png", 200)
    return [ExpLlmFace(BOTH, tmp_path / "a.png"), ExpLlmFace(LABEL, tmp_path / "b.png")]


def test_the_description_comes_first_or_the_order_is_drawn() -> None:
    description, label = Turn(DESCRIPTION, "Words."), Turn(EXPRESSION, "Fear")
    assert all(turns_of(BOTH, TINY, chance(seed)) == [description, label] for seed in range(8))
    drawn = [turns_of(BOTH, RANDOM, chance(seed)) for seed in range(40)]
    assert 10 < drawn.count([label, description]) < 30
    assert drawn.count([description, label]) == 40 - drawn.count([label, description])
    assert turns_of(LABEL, RANDOM, chance()) == [Turn(EXPRESSION, "Anger")]
    assert turns_of(ExpLlmRecord("c.png", None, "D"), TINY, chance()) == [Turn(DESCRIPTION, "D")]


def test_what_is_learned_is_the_answers_and_their_ends(faces: list[ExpLlmFace]) -> None:
    words = tiny_tokenizer()
    example = ExpLlmExamples(faces, words, TINY)[Draw(0, 5)]
    learned = example.labels[example.labels != NOT_LEARNED].tolist()
    assert learned.count(words.eos_id) == 2
    end = learned.index(words.eos_id)
    assert [words.decode(learned[:end]), words.decode(learned[end + 1 : -1])] == ["Words.", "Fear"]
    assert torch.equal(example.pixel_values, pixel_values([np.full((24, 24, 3), 10, np.uint8)])[0])


@pytest.mark.shared_data
def test_the_recorded_sequences(faces: list[ExpLlmFace], tmp_path: Path) -> None:
    """From a record, by the published recipe, to the tokens and masks that the original code made of it."""
    path, vocabulary = PARITY / "expllm" / "train_tokens_labels.json", os.environ.get("REALTIME_FER_LLAMA_TOKENIZER")
    if not path.is_file() or not vocabulary:
        pytest.skip("needs the recordings, and LLaMA's tokenizer.model")
    for variant, rows in json.loads(path.read_text(encoding="utf-8")).items():
        words = ExpLlmTokenizer(SentencePieceBpe.from_file(Path(vocabulary)), legacy=variant == "legacy_true")
        for about in rows:
            (tmp_path / "a.json").write_text(json.dumps([about["record"]]))
            (record,) = read_expllm_records(tmp_path / "a.json")
            example = ExpLlmExamples([faces[0]._replace(record=record)], words, replace(PUBLISHED, augmentation=False))[
                Draw(0, 0)
            ]
            tokens = about["tokens"]
            count = about["length"] - len(tokens["before"]) - len(tokens["after"])
            assert example.input_ids.tolist() == [*tokens["before"], *[words.image_id] * count, *tokens["after"]]
            learned = {place for start, end in about["supervised_spans"] for place in range(start, end)}
            expected = [token if place in learned else NOT_LEARNED for place, token in enumerate(example.input_ids.tolist())]
            assert example.labels.tolist() == expected


def test_a_draw_decides_everything(faces: list[ExpLlmFace]) -> None:
    examples = ExpLlmExamples(faces, tiny_tokenizer(), replace(RANDOM, augmentation=True))
    one = examples[Draw(0, 7)]
    assert all(torch.equal(value, again) for value, again in zip(one, examples[Draw(0, 7)], strict=True))
    others = [examples[Draw(0, position)] for position in range(8)]
    assert len({tuple(other.input_ids.tolist()) for other in others}) == 2
    assert len({other.pixel_values.numpy().tobytes() for other in others}) > 6


def test_a_conversation_that_is_too_long_loses_its_end(faces: list[ExpLlmFace]) -> None:
    whole = ExpLlmExamples(faces, tiny_tokenizer(), TINY)[Draw(0, 0)]
    cut = ExpLlmExamples(faces, tiny_tokenizer(), replace(TINY, max_tokens=700))[Draw(0, 0)]
    assert len(whole.input_ids) > 700
    assert torch.equal(cut.input_ids, whole.input_ids[:700])
    assert torch.equal(cut.labels, whole.labels[:700])


def test_shorter_rows_are_filled_up_on_the_right(faces: list[ExpLlmFace]) -> None:
    examples = ExpLlmExamples(faces, tiny_tokenizer(), TINY)
    long, short = examples[Draw(0, 0)], examples[Draw(1, 1)]
    batch = collate([short, long])
    length = len(short.input_ids)
    assert batch.input_ids.shape == (2, len(long.input_ids))
    assert torch.equal(batch.input_ids[0, :length], short.input_ids)
    assert set(batch.input_ids[0, length:].tolist()) == {PADDING_ID}
    assert set(batch.labels[0, length:].tolist()) == {NOT_LEARNED}
    assert batch.attention_mask.sum(dim=1).tolist() == [length, len(long.input_ids)]
    assert torch.equal(batch.pixel_values[1], long.pixel_values)


def test_a_picture_that_is_none_is_named(faces: list[ExpLlmFace]) -> None:
    faces[1].picture.write_text("no picture")
    examples = ExpLlmExamples(faces, tiny_tokenizer(), ExpLlmRecipe())
    assert len(examples) == 2
    with pytest.raises(DatasetError, match=r"b\.png: expected a picture"):
        examples[Draw(1, 0)]
