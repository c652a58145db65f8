from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.datasets.chain_records import ChainRecord, read_chain_records  # noqa: E402
from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.networks.phi3_vision.image_processor import tile_pictures  # noqa: E402
from realtime_fer.networks.phi3_vision.tokenizer import NOT_LEARNED, Phi3VisionTokenizer  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, second_question  # noqa: E402
from realtime_fer.training.chain_of_affect.examples import PADDING_ID, ChainExamples, collate  # noqa: E402
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_tokenizer  # noqa: E402
from tests.parity.conftest import PARITY  # noqa: E402
from tests.training.chain_of_affect.tiny_set import save_face  # noqa: E402

pytestmark = pytest.mark.torch

RECORDS = [ChainRecord("1", "a.png", FIRST_QUESTION, "Fear"), ChainRecord("2_1", "b.png", second_question("Fear"), "Anger")]


@pytest.fixture
def examples(tmp_path: Path) -> ChainExamples:
    paths = {"a.png": tmp_path / "a.png", "b.png": tmp_path / "b.png"}
    save_face(paths["a.png"], 10)
    save_face(paths["b.png"], 200)
    return ChainExamples(RECORDS, paths, tiny_tokenizer(), 1)


def test_the_recorded_sequence(tmp_path: Path) -> None:
    """From a record and a picture file, by the published recipe, to the tokens that the original code made of it."""
    if not (PARITY / "phi3v" / "prompts.json").is_file():
        pytest.skip(f"{PARITY}: no recordings; REALTIME_FER_PARITY names their folder")
    for about in json.loads((PARITY / "phi3v" / "prompts.json").read_text(encoding="utf-8"))["training"]:
        assert about["num_crops"] == PUBLISHED.num_crops
        cv2.imwrite(str(tmp_path / "x.png"), np.zeros((100, 100, 3), np.uint8))
        (tmp_path / "x.json").write_text(
            json.dumps([{"id": "1", "image": "x.png", "conversations": about["conversations"]}]), encoding="utf-8"
        )
        words = Phi3VisionTokenizer.from_file(PARITY / "phi3v" / "tokenizer" / "tokenizer.json")
        records = read_chain_records(tmp_path / "x.json")
        example = ChainExamples(records, {"x.png": tmp_path / "x.png"}, words, PUBLISHED.num_crops)[Draw(0, 0)]
        for found, key in ((example.input_ids, "input_ids"), (example.labels, "labels")):
            runs = [[run, 1] if isinstance(run, int) else run for run in about[key]]
            assert found.tolist() == [token for token, count in runs for _ in range(count)]
        assert example.image_sizes.tolist() == about["image_sizes"]
        assert tuple(example.pixel_values.shape) == (1, 17, 3, 336, 336)


def test_what_is_learned_is_the_answer_and_its_end(examples: ChainExamples) -> None:
    assert len(examples) == 2
    words = tiny_tokenizer()
    for example, record in ((examples[Draw(0, 0)], RECORDS[0]), (examples[Draw(1, 0)], RECORDS[1])):
        learned = example.labels[example.labels != NOT_LEARNED].tolist()
        assert words.decode(learned).strip() == record.answer
        assert learned[-1] == words.end_of_text_id
        assert words.end_of_turn_id in learned
        assert example.input_ids[-len(learned) :].tolist() == learned
    assert torch.equal(examples[Draw(1, 0)].pixel_values, tile_pictures([np.full((24, 24, 3), 200, np.uint8)], 1).pixel_values)


def test_shorter_rows_are_filled_up_on_the_right(examples: ChainExamples) -> None:
    one, other = examples[Draw(0, 0)], examples[Draw(1, 0)]
    batch = collate([one, other])
    assert len(one.input_ids) < len(other.input_ids) == batch.input_ids.shape[1]
    length = len(one.input_ids)
    assert torch.equal(batch.input_ids[0, :length], one.input_ids)
    assert torch.equal(batch.labels[0, :length], one.labels)
    assert set(batch.input_ids[0, length:].tolist()) == {PADDING_ID}
    assert set(batch.labels[0, length:].tolist()) == {NOT_LEARNED}
    assert torch.equal(batch.labels[1], other.labels)
    assert torch.equal(batch.pixel_values[1:], other.pixel_values)
    assert batch.image_sizes.tolist() == [[336, 336], [336, 336]]


def test_a_picture_that_is_none_is_named(examples: ChainExamples, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(DatasetError, match=r"b\.png: expected a picture"):
        examples[Draw(1, 0)]
