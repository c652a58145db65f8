from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.datasets.exp_blip_captions import CaptionedFace, captioned_faces  # noqa: E402
from realtime_fer.datasets.picture_file import read_picture  # noqa: E402
from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from realtime_fer.training.exp_blip.examples import CaptionExamples, Collate, caption_ids, cut_captions  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.exp_blip.tiny import tiny_tokenizer  # noqa: E402
from tests.training.exp_blip.tiny_set import SIZES, TINY, save_set  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def faces(tmp_path: Path) -> list[CaptionedFace]:
    return captioned_faces([save_set(tmp_path)], [tmp_path / "faces"])


def test_a_caption_is_processed_and_ended(faces: list[CaptionedFace]) -> None:
    words = tiny_tokenizer()
    example = CaptionExamples(faces, words, SIZES, TINY)[Draw(1, 0)]
    ids = example.text_ids.tolist()
    assert (ids[0], ids[-1]) == (SIZES.opt_begin_id, SIZES.opt_end_id)
    assert words.decode(ids[1:-1]) == "surprise"
    assert torch.equal(example.pixels, pixel_values([read_picture(faces[1].picture)], SIZES.image_px)[0])


def test_a_long_caption_loses_its_end(faces: list[CaptionedFace]) -> None:
    words, recipe = tiny_tokenizer(), replace(TINY, max_tokens=12)
    ids = CaptionExamples(faces, words, SIZES, recipe)[Draw(0, 0)].text_ids.tolist()
    assert ids == caption_ids("The face shows happiness.", words, recipe)[:12]
    assert SIZES.opt_end_id not in ids
    assert [cut_captions(faces, words, replace(TINY, max_tokens=count)) for count in (5, 12, 27)] == [4, 2, 0]
    assert words.decode(caption_ids("One two three", words, replace(TINY, max_words=2))) == "one two"


def test_a_draw_decides_everything(faces: list[CaptionedFace]) -> None:
    examples = CaptionExamples(faces, tiny_tokenizer(), SIZES, replace(TINY, augmentation=True))
    assert len(examples) == 4
    assert torch.equal(examples[Draw(0, 3)].pixels, examples[Draw(0, 3)].pixels)


def test_shorter_captions_are_filled_up(faces: list[CaptionedFace]) -> None:
    examples = CaptionExamples(faces, tiny_tokenizer(), SIZES, TINY)
    long, short = examples[Draw(0, 0)], examples[Draw(1, 0)]
    batch = pickle.loads(pickle.dumps(Collate(SIZES.opt_pad_id)))([short, long])
    length = len(short.text_ids)
    assert torch.equal(batch.text_ids[0, :length], short.text_ids)
    assert set(batch.text_ids[0, length:].tolist()) == {SIZES.opt_pad_id}
    assert batch.text_mask.sum(dim=1).tolist() == [length, len(long.text_ids)]
    assert torch.equal(batch.pixels[1], long.pixels)


def test_a_picture_that_is_none_is_named(faces: list[CaptionedFace]) -> None:
    faces[2].picture.write_text("no picture")
    with pytest.raises(DatasetError, match=r"2\.png: expected a picture"):
        CaptionExamples(faces, tiny_tokenizer(), SIZES, TINY)[Draw(2, 0)]
