from __future__ import annotations

import json
from pathlib import Path

import pytest

tokenizers = pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.chat import SPECIAL_TOKENS  # noqa: E402
from realtime_fer.networks.phi3_vision.chat import one_picture_question  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.questions import every_text  # noqa: E402
from realtime_fer.training.chain_of_affect_tiny.vocabulary import make_tokenizer, save_for_transformers  # noqa: E402

TEXT = make_tokenizer(every_text())
OURS = BytePairTokenizer(json.loads(TEXT))
THEIRS = tokenizers.Tokenizer.from_str(TEXT)

PARTS = st.sampled_from([*SPECIAL_TOKENS, " ", "  ", "\n", "\r", "\t", "'", "',", "Sadness", " Sadness", "12", "<|", "\u00e9"])


@given(st.lists(PARTS | st.text(st.characters(exclude_categories=["Cs"]))).map("".join))
def test_plain_python_gives_the_ids_of_the_library(text: str) -> None:
    ids = THEIRS.encode(text).ids
    assert OURS.encode(text) == ids
    assert OURS.decode(ids) == THEIRS.decode(ids, skip_special_tokens=True)


@pytest.mark.parametrize("text", every_text())
def test_every_word_of_the_questions_is_one_token(text: str) -> None:
    ids = OURS.encode(text)
    assert ids == THEIRS.encode(text).ids
    assert len(ids) <= 2 * len(text.split()) + text.count("'")
    assert OURS.decode(ids) == text


def test_the_order_and_number_of_texts_change_nothing() -> None:
    assert make_tokenizer([*reversed(every_text()), *every_text()]) == TEXT
    assert [token["content"] for token in json.loads(TEXT)["added_tokens"]] == list(SPECIAL_TOKENS)


def test_transformers_reads_it_with_its_chat_form(tmp_path: Path) -> None:
    save_for_transformers(TEXT, tmp_path, 99)
    assert (tmp_path / "tokenizer.json").read_text() == TEXT
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    chat = [{"role": "user", "content": "<|image_1|>\nWhy?"}]
    text = loaded.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text == one_picture_question("Why?")
    assert loaded(text)["input_ids"] == OURS.encode(text)
    assert loaded.model_max_length == 99
