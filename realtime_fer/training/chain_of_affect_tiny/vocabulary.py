"""Make the tokenizer of the tiny model: bytes, and a few hundred merges learned from its own questions and answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from realtime_fer.errors import missing_extra
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import PIECES
from realtime_fer.networks.chain_of_affect_tiny.chat import CHAT_TEMPLATE, END_OF_TEXT, END_OF_TURN, IMAGE, SPECIAL_TOKENS

try:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast
except ImportError as error:
    raise missing_extra("making a tokenizer", "vlm", error) from error

MOST_ENTRIES: Final = 1024
"""Never reached: merging stops when every word of the texts is whole."""


def make_tokenizer(texts: Iterable[str]) -> str:
    """A byte-level BPE tokenizer in which every word of these texts is one token -> content of tokenizer.json."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS]
    trainer = trainers.BpeTrainer(
        vocab_size=MOST_ENTRIES,
        min_frequency=1,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # Sorted and once each: how often a text is asked must not change a merge.
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    content: str = tokenizer.to_str(pretty=True)
    return content


def save_for_transformers(content: str, folder: Path, max_length: int) -> None:
    """Write tokenizer.json as it is, and what transformers wants beside it (special tokens, chat template)."""
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(content),
        eos_token=END_OF_TURN,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[IMAGE],
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    # Last: transformers writes its own copy with other bytes.
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
