"""Exp-BLIP by its options; for `child_factory`, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_fer.errors import SettingsError
from realtime_fer.networks.exp_blip.captioner import ExpBlipCaptioner
from realtime_fer.networks.exp_blip.converted import Converted
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK, GenerationSettings
from realtime_fer.networks.exp_blip.tokenizer import OptTokenizer
from realtime_fer.reasoning.exp_blip.answer import KINDS
from realtime_fer.reasoning.exp_blip.loading import load_placed, weights_version
from realtime_fer.reasoning.exp_blip.reasoner import ExpBlipReasoner
from realtime_fer.reasoning.placement import choose_placement


def build(
    checkpoint: str,
    *,
    kind: str = "exp",
    tokenizer: str | None = None,
    beams: int = CAPTIONING_TASK.num_beams,
    max_new_tokens: int = CAPTIONING_TASK.max_new_tokens,
    min_length: int = CAPTIONING_TASK.min_length,
    repetition_penalty: float = 1.0,
    prompt: str = "",
    device: str = "auto",
    device_map: str | Mapping[str, Any] | None = None,
    dtype: str = "float16",
    bits: int | None = None,
    threads: int | None = None,
    verify: bool = False,
    face_margin: float | None = 0.0,
) -> ExpBlipReasoner:
    """Load Exp-BLIP.

    Args:
        checkpoint: folder that `realtime-fer models convert exp-blip` wrote.
        kind: name in `KINDS`: which training the weights are of; nothing in a file tells.
        tokenizer: folder with OPT's vocab.json and merges.txt; None where the conversion copied them.
        beams: 1 is greedy, and can be told token by token; 5 as published.
        max_new_tokens, min_length, repetition_penalty: see `GenerationSettings`.
        device, device_map, dtype, bits, threads: see `placement.choose_placement`.
        verify: compare the files with their checksums first.
        prompt, face_margin: see `ExpBlipReasoner`.

    Raises:
        SettingsError: a value is not known or too large, or this machine has not what it asks for.
        ShapeError: a number of the generation is out of its range.
        ModelError: something about the files.
    """
    if kind not in KINDS:
        raise SettingsError(f"kind: expected one of {', '.join(KINDS)}, found {kind!r}")
    if not repetition_penalty > 0:  # false for a not-a-number, too
        raise SettingsError(f"repetition_penalty: expected a number above 0, found {repetition_penalty}")
    settings = GenerationSettings(
        num_beams=beams, max_new_tokens=max_new_tokens, min_length=min_length, repetition_penalty=repetition_penalty
    )
    placement = choose_placement(device=device, dtype=dtype, bits=bits, device_map=device_map, threads=threads)
    folder = Path(checkpoint)
    version = f"{KINDS[kind].published_name} {weights_version(folder)}, {placement.words}"
    # Small, and wrong as easily as the weights: read before the minutes that those may take.
    words = OptTokenizer.from_folder(folder if tokenizer is None else Path(tokenizer))
    sizes = Converted.from_folder(folder).sizes
    room = sizes.opt_positions - sizes.queries - len(words.prompt_ids(prompt))
    if max_new_tokens > room:
        raise SettingsError(
            f"max_new_tokens: expected at most {room}, which is what the network's {sizes.opt_positions} positions leave "
            f"beside the face and the prompt, found {max_new_tokens}"
        )
    captioner = ExpBlipCaptioner(load_placed(folder, placement, verify=verify), words, KINDS[kind])
    return ExpBlipReasoner(captioner, version=version, settings=settings, prompt=prompt, face_margin=face_margin)
