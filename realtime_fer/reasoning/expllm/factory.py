"""ExpLLM by its options; for `child_factory`, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_fer.errors import SettingsError
from realtime_fer.networks.expllm.generation import DESCRIPTION_TOKENS, LABEL_TOKENS
from realtime_fer.networks.expllm.prompts import LABELS, Turn, conversation_text
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer
from realtime_fer.reasoning.expllm.analyst import ExpLlmAnalyst, Order
from realtime_fer.reasoning.expllm.loading import converted_config, load_converted, weights_version
from realtime_fer.reasoning.expllm.reasoner import ExpLlmReasoner
from realtime_fer.reasoning.placement import choose_placement


def build(
    checkpoint: str,
    *,
    order: str = Order.LABEL_FIRST.value,
    contempt: bool = True,
    max_new_tokens: int = DESCRIPTION_TOKENS,
    label_tokens: int = LABEL_TOKENS,
    device: str = "auto",
    device_map: str | Mapping[str, Any] | None = None,
    dtype: str = "bfloat16",
    bits: int | None = None,
    threads: int | None = None,
    verify: bool = False,
    face_margin: float | None = 0.0,
) -> ExpLlmReasoner:
    """Load ExpLLM.

    Args:
        checkpoint: folder that `realtime-fer models convert expllm` wrote.
        order: "label-first", as published, or "description-first".
        contempt: whether the distribution has it; RAF-DB's weights do not know it.
        max_new_tokens, label_tokens: at most so many for the description and for the label.
        device, device_map, dtype, bits, threads: see `placement.choose_placement`.
        verify: compare the files with their checksums first.
        face_margin: see `ExpLlmReasoner`.

    Raises:
        SettingsError: a value is not known or too large, or this machine has not what it asks for.
        ModelError: something about the files.
    """
    known = [each.value for each in Order]
    if order not in known:
        raise SettingsError(f"order: expected {' or '.join(known)}, found {order!r}")
    for name, value in (("max_new_tokens", max_new_tokens), ("label_tokens", label_tokens)):
        if value < 1:
            raise SettingsError(f"{name}: expected at least 1, found {value}")
    placement = choose_placement(device=device, dtype=dtype, bits=bits, device_map=device_map, threads=threads)
    folder = Path(checkpoint)
    version = f"{weights_version(folder)}, {placement.words}"
    # Small, and wrong as easily as the weights: read before the minutes that those may take.
    tokenizer = ExpLlmTokenizer.from_folder(folder)
    first, second = Order(order).tasks
    asked = len(tokenizer.encode(conversation_text([Turn(first, ""), Turn(second)])))
    positions = converted_config(folder).language.max_positions
    if asked + label_tokens + max_new_tokens > positions:
        raise SettingsError(
            f"max_new_tokens, label_tokens: expected at most {positions - asked} together, which is what the network's "
            f"{positions} positions leave beside the face and the questions, found {max_new_tokens + label_tokens}"
        )
    analyst = ExpLlmAnalyst(
        load_converted(folder, placement, verify=verify),
        tokenizer,
        order=Order(order),
        labels=[label for label in LABELS if contempt or label != "Contempt"],
        label_tokens=label_tokens,
        description_tokens=max_new_tokens,
    )
    return ExpLlmReasoner(analyst, version=version, face_margin=face_margin)
