"""The tokenizer that ships; it needs neither torch nor tokenizers."""

from __future__ import annotations

from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import find_tiny


def shipped_tokenizer() -> BytePairTokenizer:
    """Read from models/chain-of-affect-tiny."""
    shelved, manifest = find_tiny(None)
    return BytePairTokenizer.from_file(shelved.folder / manifest.tokenizer.file)
