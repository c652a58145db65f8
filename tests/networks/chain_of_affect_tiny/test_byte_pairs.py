from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import PIECES, BytePairTokenizer

SPECIAL = {"id": 0, "content": "<|end|>", "special": True}


def content(**changed: Any) -> dict[str, Any]:
    """Bytes of a few letters, and the merges of "low" and " low"; Ġ stands for a space."""
    pieces = {"type": "Split", "pattern": {"Regex": PIECES}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    tokens = ["<|end|>", "l", "o", "w", "Ġ", "Ã", "©", "lo", "low", "Ġlow"]
    return {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [pieces, level]},
        "post_processor": None,
        "added_tokens": [SPECIAL],
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [["l", "o"], ["lo", "w"], ["Ġ", "low"]],
        },
        **changed,
    }


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("low", [8]),
        (" low", [9]),
        ("lol", [7, 1]),
        ("ol", [2, 1]),
        ("low low<|end|>low", [8, 9, 0, 8]),
        ("\u00e9", [5, 6]),
        ("", []),
    ],
)
def test_merges_by_rank_and_special_tokens(text: str, ids: list[int]) -> None:
    tokenizer = BytePairTokenizer(content())
    assert tokenizer.encode(text) == ids
    assert tokenizer.decode(ids) == text.replace("<|end|>", "")


def test_merges_may_be_written_as_text() -> None:
    old = content()
    old["model"]["merges"] = ["l o", "lo w", "Ġ low"]
    assert BytePairTokenizer(old).encode(" low") == [9]


def test_half_a_character_is_no_text() -> None:
    assert BytePairTokenizer(content()).decode([5]) == "\ufffd"


def test_special_ids_by_name() -> None:
    tokenizer = BytePairTokenizer(content())
    assert tokenizer.special_id("<|end|>") == 0
    with pytest.raises(ModelShapeError, match=r"<\|user\|>, found <\|end\|>"):
        tokenizer.special_id("<|user|>")


@pytest.mark.parametrize(
    "changed",
    [
        {"normalizer": {"type": "NFC"}},
        {"pre_tokenizer": None},
        {"model": {"type": "Unigram"}},
        {"post_processor": {"type": "X"}},
    ],
)
def test_another_make_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ModelShapeError, match="another make"):
        BytePairTokenizer(content(**changed))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"t\.json"):
        BytePairTokenizer.from_file(tmp_path / "t.json")
    (tmp_path / "t.json").write_text("{")
    with pytest.raises(ModelCorruptError, match=r"t\.json"):
        BytePairTokenizer.from_file(tmp_path / "t.json")
    (tmp_path / "t.json").write_text(json.dumps(content()))
    assert BytePairTokenizer.from_file(tmp_path / "t.json").encode("low") == [8]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_whole(text: str) -> None:
    from tests.networks.chain_of_affect_tiny.shipped import shipped_tokenizer

    tokenizer = shipped_tokenizer()
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == tokenizer.decode(tokenizer.encode(tokenizer.decode(ids)))
    if "<|" not in text:
        assert tokenizer.decode(ids) == text
