"""What Chain-of-Affect saves by computing once what both questions share, on random weights.

    python benchmarks/chain_prefix.py                                        a middle size, for a CPU
    python benchmarks/chain_prefix.py --size real --device cuda --dtype bfloat16

Both forms run in turn in one process: the shared one looks at a face once and reads the second question on from the cached
picture; the other makes two calls, each with the picture, as the published prototype does. Texts and pictures have the
published lengths (811 and 817 tokens, 764 of them shared). What is said does not matter, and random weights never end an
answer: in words, the label and its end are generated (4 tokens), or what the prototype waits for (7).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.machine import describe_machine
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.phi3_vision import DTYPES, Phi3VisionChainModel
from realtime_fer.reasoning.chain_of_affect.prompts import second_question
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_COMPOUND

VOCABULARY = 32064
BEFORE_PICTURE = [1, 32010, 29871, 13]
AFTER_PICTURE = [1, 29871, 13]
FIRST_QUESTION_TOKENS, SECOND_QUESTION_TOKENS = 47, 53
FIRST_IDS = (6298, 383, 3295, 379, 21772, 530, 2448)
"""Tokens as published; see `PublishedLengths`."""

LABEL_AND_END, WHAT_THE_PROTOTYPE_WAITS_FOR = 4, 7
"""Tokens of an answer in words."""

TARGET_RATIO = 0.65

# Hidden and inner channels, layers, heads; of the tower and of the decoder.
SIZES = {
    "tiny": ((32, 64, 2, 2), (32, 64, 2, 2)),
    "mid": ((256, 1024, 12, 4), (768, 2048, 8, 8)),
    "real": ((1024, 4096, 24, 16), (3072, 8192, 32, 32)),
}


class PublishedLengths(Phi3VisionTokenizer):
    """Gives every text its published number of tokens, without the published vocabulary."""

    def __init__(self) -> None:
        self.bos_id, self.end_of_turn_id, self.end_of_text_id = 1, 32007, 32000

    def prompt(self, text: str, token_counts: Sequence[int], extra_bos: int = 0) -> list[int]:
        """Ids of the right number; questions differ from their first word on."""
        first = "Select" in text
        beginning, count = (3549, FIRST_QUESTION_TOKENS) if first else (1576, SECOND_QUESTION_TOKENS)
        words = [beginning, *range(7000, 7000 + count - 1)]
        return [1] * extra_bos + BEFORE_PICTURE + [-1] * token_counts[0] + AFTER_PICTURE + words

    def first_ids(self, answers: Sequence[str]) -> list[int]:
        """As published."""
        return list(FIRST_IDS[: len(answers)])

    @property
    def stop_ids(self) -> frozenset[int]:
        """None: every answer has the length that is asked for."""
        return frozenset()

    def decode(self, token_ids: Any) -> str:
        """The ids, so that answers can be compared."""
        return " ".join(map(str, token_ids))


def random_model(size: str, device: str, dtype: torch.dtype) -> Phi3Vision:
    """Of a size in `SIZES`, weights as they are initialised."""
    tower, (hidden, inner, layers, heads) = SIZES[size]
    # Which factors the angles have costs nothing.
    factors = (1.0,) * (hidden // heads // 2)
    config = Phi3VisionConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=inner,
        layers=layers,
        heads=heads,
        kv_heads=heads,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        short_factor=factors,
        long_factor=factors,
        original_max_positions=4096,
        max_positions=131072,
        bos_id=1,
        pad_id=32000,
        tower=CLIP_VIT_L_14_336 if size == "real" else VisionTowerSizes(*tower),
    )
    torch.manual_seed(0)
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = Phi3Vision(config)
    finally:
        torch.set_default_dtype(default)
    model.eval()
    return model


Asked = list[Reply]


def shared(chain: Phi3VisionChainModel, face: Any) -> Asked:
    """One look, two questions."""
    looked = chain.look(face)
    return [looked.ask(question, BASIC_LABELS) for question in questions(chain)]


def two_calls(chain: Phi3VisionChainModel, face: Any) -> Asked:
    """A look for each question."""
    return [chain.look(face).ask(question, BASIC_LABELS) for question in questions(chain)]


def questions(chain: Phi3VisionChainModel) -> tuple[str, str]:
    """Both, whatever the first answer would be: each form does the same work."""
    return chain.variant.first_question, second_question("Happiness")


def measure(size: str, device: str, dtype: torch.dtype, repeats: int) -> dict[str, Any]:
    """Run all forms in turn, `repeats` times after once to warm up: median seconds, ratios, and whether the answers agree."""
    model, face = random_model(size, device, dtype), np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)

    def chain(tokens: int) -> Phi3VisionChainModel:
        return Phi3VisionChainModel(
            model, PublishedLengths(), NOTEBOOK_COMPOUND, version=size, in_words=tokens > 0, max_new_tokens=tokens
        )

    choosing, short, long = chain(0), chain(LABEL_AND_END), chain(WHAT_THE_PROTOTYPE_WAITS_FOR)
    forms: dict[str, Callable[[], Asked]] = {
        "shared, choosing": lambda: shared(choosing, face),
        "two calls, choosing": lambda: two_calls(choosing, face),
        "shared, in words": lambda: shared(short, face),
        "two calls, in words": lambda: two_calls(short, face),
        "two calls, in words, as the prototype waits": lambda: two_calls(long, face),
    }
    said = {name: form() for name, form in forms.items()}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(repeats):
        for name, form in forms.items():
            synchronise(device)
            began = time.perf_counter()
            form()
            synchronise(device)
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    differences = [
        abs(one.distribution[label] - other.distribution[label])
        for kind in ("choosing", "in words")
        for one, other in zip(said[f"shared, {kind}"], said[f"two calls, {kind}"], strict=True)
        if one.distribution is not None and other.distribution is not None
        for label in BASIC_LABELS
    ]
    return {
        "seconds": {name: {"median": medians[name], "all": values} for name, values in seconds.items()},
        "ratio_choosing": medians["shared, choosing"] / medians["two calls, choosing"],
        "ratio_in_words": medians["shared, in words"] / medians["two calls, in words"],
        "ratio_to_prototype": medians["shared, choosing"] / medians["two calls, in words, as the prototype waits"],
        "same_answers": {
            kind: [reply.text for reply in said[f"shared, {kind}"]] == [reply.text for reply in said[f"two calls, {kind}"]]
            for kind in ("choosing", "in words")
        },
        "largest_probability_difference": max(differences),
        "parameters": sum(value.numel() for value in model.parameters()),
    }


def synchronise(device: str) -> None:
    """Wait for a GPU."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    """Measure, print a table and the ratios, write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", choices=SIZES, default="mid")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of torch, on a CPU")
    parser.add_argument("--json", type=Path, help="write everything there")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    machine = {**describe_machine(), "torch": torch.__version__, "threads": options.threads}
    if options.device.startswith("cuda"):
        machine["gpu"] = torch.cuda.get_device_name()
    result = measure(options.size, options.device, DTYPES[options.dtype], options.repeats)

    console = Console()
    console.print(
        f"{machine.get('gpu', machine['processor'])}, load {machine['load_1min']}, torch {torch.__version__}, "
        f"{options.threads} thread(s), {options.dtype}; size {options.size}, {result['parameters'] / 1e6:.0f} M parameters"
    )
    table = Table("form", "median", "fastest", "slowest")
    for name, values in result["seconds"].items():
        table.add_row(name, *(f"{value * 1e3:.0f} ms" for value in (values["median"], min(values["all"]), max(values["all"]))))
    console.print(table)
    console.print(f"shared over two calls: {result['ratio_choosing']:.3f} choosing, {result['ratio_in_words']:.3f} in words")
    console.print(
        f"(target: at most {TARGET_RATIO}); shared and choosing over the prototype's form: {result['ratio_to_prototype']:.3f}"
    )
    agreed = ", ".join(f"{kind} {'yes' if same else 'NO'}" for kind, same in result["same_answers"].items())
    console.print(f"same answers: {agreed}; probabilities differ by at most {result['largest_probability_difference']:.1e}")
    if options.dtype != "float32":
        console.print("(random weights are full of near ties, which rounding in half precision may decide either way)")
    if options.json is not None:
        everything = {"machine": machine, "options": vars(options), **result}
        options.json.write_text(json.dumps(everything, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
