from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ShapeError  # noqa: E402
from realtime_fer.networks.expllm.prompts import DESCRIPTION, EXPRESSION, Turn, label_prompt  # noqa: E402
from realtime_fer.networks.expllm.sentencepiece_bpe import SPACE  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import NOT_LEARNED, ExpLlmTokenizer  # noqa: E402
from tests.networks.expllm.test_sentencepiece_bpe import PIECES, written  # noqa: E402
from tests.networks.expllm.tiny import tiny_tokenizer, tiny_vocabulary  # noqa: E402

pytestmark = pytest.mark.torch


def test_white_space_beside_the_picture_is_thrown_away() -> None:
    bpe, tokens = tiny_vocabulary(), tiny_tokenizer()
    ids = tokens.encode("a: <im_patch><im_patch>\nTA")
    assert ids == [tokens.bos_id, *map(bpe.id_of, (SPACE, "a", ":")), len(bpe), len(bpe), *map(bpe.id_of, ("T", "A"))]
    assert len(ids) == len(tokens.encode("a:<im_patch><im_patch>TA"))


def test_the_legacy_way_begins_with_a_blank_after_a_special_token() -> None:
    bpe = tiny_vocabulary()
    for legacy, piece in ((True, SPACE + "T"), (False, "T")):
        tokens = ExpLlmTokenizer(bpe, legacy)
        assert tokens.encode("a</s>TA")[-3:] == [tokens.eos_id, bpe.id_of(piece), bpe.id_of("A")]


def test_an_answer_follows_the_colon() -> None:
    tokens = tiny_tokenizer()
    prompt = tokens.encode(label_prompt())
    assert prompt.count(tokens.image_id) == 256
    assert tokens.encode(label_prompt() + " Fear</s>") == prompt + tokens.answer_ids("Fear")
    assert tokens.decode(tokens.answer_ids("Fear")) == "Fear"
    assert tokens.decode([tokens.bos_id, tokens.image_id, *tokens.answer_ids(" a er ")]) == "a er"


def test_answers_are_learned_and_nothing_else() -> None:
    tokens = tiny_tokenizer()
    example = tokens.training_example([Turn(DESCRIPTION, "a face"), Turn(EXPRESSION, "Fear")])
    learned = [label for label in example.labels if label != NOT_LEARNED]
    assert learned == tokens.answer_ids("a face") + tokens.answer_ids("Fear")
    assert [example.input_ids[start:end] for start, end in example.spans] == [
        tokens.answer_ids("a face"),
        tokens.answer_ids("Fear"),
    ]
    with pytest.raises(ShapeError, match="0 answers in 1 turns"):
        tokens.training_example([Turn(EXPRESSION)])


def test_the_folder_says_which_way(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="tokenizer_config"):
        ExpLlmTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("[]")
    with pytest.raises(ModelCorruptError, match=r"tokenizer_config\.json: expected settings by name, found list"):
        ExpLlmTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(written(PIECES))
    for settings, first in (({"legacy": False}, "a"), ({"legacy": True}, SPACE), ({}, SPACE)):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
        tokens = ExpLlmTokenizer.from_folder(tmp_path)
        assert tokens.encode("<im_patch>a")[2] == [piece.text for piece in PIECES].index(first)
