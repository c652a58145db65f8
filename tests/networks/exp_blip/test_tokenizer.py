from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

import json  # noqa: E402
from pathlib import Path  # noqa: E402

from tokenizers import pre_tokenizers  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.tokenizer import SPECIAL, OptTokenizer  # noqa: E402
from tests.networks.exp_blip.tiny import tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch


def written(folder: Path, vocabulary: object, merges: str) -> Path:
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text(merges, encoding="utf-8")
    return folder


def small_vocabulary() -> dict[str, int]:
    tokens = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "Ġab"]
    return {token: number for number, token in enumerate(tokens)}


def test_every_prompt_begins_alike() -> None:
    tokenizer = tiny_tokenizer()
    assert tokenizer.prompt_ids() == [tokenizer.begin_id] == [2]
    assert tokenizer.prompt_ids("ab")[0] == tokenizer.begin_id
    assert tokenizer.decode(tokenizer.prompt_ids("A b\u00e9")) == "A b\u00e9"


def test_a_caption_is_processed_ended_and_cut() -> None:
    tokenizer = tiny_tokenizer()
    ids = tokenizer.caption_ids("Ab!")
    assert ids == [*tokenizer.prompt_ids("ab"), tokenizer.end_id]
    assert tokenizer.caption_ids("ab", max_tokens=3) == ids[:3]
    assert len(tokenizer.caption_ids("a" * 99)) == 32
    with pytest.raises(ShapeError, match="max_tokens"):
        tokenizer.caption_ids("a", max_tokens=1)


def test_decoding_leaves_out_special_tokens_and_the_end() -> None:
    tokenizer = tiny_tokenizer()
    ids = [*tokenizer.prompt_ids(" joy"), tokenizer.end_id, tokenizer.pad_id]
    assert tokenizer.decode(ids) == "joy"


def test_files_are_read_and_pairs_joined_in_order(tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    tokenizer = OptTokenizer.from_folder(written(tmp_path, vocabulary, "#version: 0.2\na b\n\u0120 ab\n"))
    assert tokenizer.prompt_ids("ab ab")[1:] == [vocabulary["ab"], vocabulary["\u0120ab"]]


def test_files_that_are_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"vocab\.json"):
        OptTokenizer.from_folder(tmp_path)
    with pytest.raises(ModelCorruptError, match="fetch both again"):
        OptTokenizer.from_folder(written(tmp_path, [1], ""))
    with pytest.raises(ModelCorruptError, match="fetch both again"):
        OptTokenizer.from_folder(written(tmp_path, small_vocabulary(), "a b c\n"))
    with pytest.raises(ModelCorruptError, match="do not go together"):
        OptTokenizer.from_folder(written(tmp_path, small_vocabulary(), "a c\n"))


def test_a_vocabulary_of_another_kind() -> None:
    vocabulary = small_vocabulary()
    del vocabulary["</s>"]
    with pytest.raises(ModelShapeError, match="</s>"):
        OptTokenizer.from_pairs(vocabulary, [])
