"""What the large reasoners need at their real size: time to load, peak memory, time to the first token, tokens a second.

    python benchmarks/real_size_vlm.py expllm --folder runs/real-size           # 14 GB on disk, 14 GB of memory
    python benchmarks/real_size_vlm.py exp-blip --folder runs/real-size         # 15.5 GB
    python benchmarks/real_size_vlm.py expllm --folder runs/real-size --device cuda

The weights are random: the published ones are not needed, and how long an answer takes does not depend on what it says. They
are written once, in the layout that conversion writes, and measured in a process of their own, so that its peak memory is
theirs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import describe_machine

GB = 1e9
FILE_BYTES = 2_000_000_000
SPREAD = 0.02
"""Standard deviation of the random weights, near that of trained ones: no overflow in half precision."""

LABEL_PROMPT = 315
"""Tokens of ExpLLM's first prompt, its 256 picture tokens included."""

FEW = 3
"""Tokens of an answer that is short enough to take off what comes before the first."""


def main() -> None:
    """Write the weights if they are not there, measure in a new process, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("--folder", type=Path, required=True, help="where the random weights are kept")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("bfloat16", "float16"), default="bfloat16")
    parser.add_argument("--threads", type=int, default=2, help="of torch, on a CPU")
    parser.add_argument("--new-tokens", type=int, default=32, help="of the answer whose speed is measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", choices=("real", "tiny"), default="real", help="tiny: to try the script")
    parser.add_argument("--json", type=Path, help="write everything there")
    parser.add_argument("--measure-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder / f"{options.system}-{options.size}-{options.dtype}"
    system = SYSTEMS[options.system]
    if options.measure_only:
        print(json.dumps(measure(system, folder, options)))
        return
    if not (folder / "complete").is_file():
        print(f"writing random weights to {folder}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        system.write(folder, options.size, getattr(torch, options.dtype))
        (folder / "complete").touch()
    run = subprocess.run([sys.executable, *sys.argv, "--measure-only"], stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(run.stdout.splitlines()[-1])
    print(as_text(options, figures))
    if options.json is not None:
        shown = {name: str(value) for name, value in vars(options).items() if name != "folder"}
        everything = {"machine": {**describe_machine(), "torch": torch.__version__}, "options": shown, **figures}
        options.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


def measure(system: System, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Load once, answer `repeats` times after once to warm up; medians."""
    torch.set_num_threads(options.threads)
    cuda = options.device.startswith("cuda")
    before = peak_memory()
    began = time.perf_counter()
    model = system.load(folder, getattr(torch, options.dtype), options.device)
    synchronise(cuda)
    loaded_s = time.perf_counter() - began
    after_loading = peak_memory()
    first_s: list[float] = []
    few_s: list[float] = []
    many_s: list[float] = []
    for repeat in range(options.repeats + 1):
        timed = [seconds(lambda n=n: system.answer(model, n), cuda) for n in (1, FEW, options.new_tokens)]  # type: ignore[misc]
        if repeat:
            for kept, value in zip((first_s, few_s, many_s), timed, strict=True):
                kept.append(value)
    steps = options.new_tokens - FEW
    per_token = [(many - few) / steps for many, few in zip(many_s, few_s, strict=True)]
    return {
        "parameters": sum(value.numel() for value in model.parameters()),
        "weights_gb": sum(value.numel() * value.element_size() for value in model.parameters()) / GB,
        "load_s": loaded_s,
        "peak_memory_gb": {
            "before": before / GB,
            "after_loading": after_loading / GB,
            "after_answers": peak_memory() / GB,
            "gpu": torch.cuda.max_memory_allocated() / GB if cuda else None,
        },
        "first_token_s": {"median": statistics.median(first_s), "all": first_s},
        "tokens_per_s": {"median": 1 / statistics.median(per_token), "all": [1 / value for value in per_token]},
        "new_tokens": options.new_tokens,
    }


class ExpLlmSystem:
    """ExpLLM: DINOv2 ViT-L/14, projector, Vicuna-7B, adapters."""

    def write(self, folder: Path, size: str, dtype: torch.dtype) -> None:
        """A converted folder."""
        from realtime_fer.networks.expllm.checkpoint import empty_expllm
        from realtime_fer.networks.expllm.config import ExpLlmConfig
        from realtime_fer.networks.safetensors_shards import INDEX_FILE

        values = {"model_type": "locllm", "vocab_size": 32000, "im_patch_token": 32000, "bos_token_id": 1, "eos_token_id": 2}
        if size == "tiny":
            values |= {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
        (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
        model = empty_expllm(ExpLlmConfig.from_file(folder / "config.json"))

        def kind(name: str) -> torch.dtype:
            return dtype if name.startswith("language.") and ".lora_" not in name else torch.float32

        file_of = write_random(model, folder, kind)
        (folder / INDEX_FILE).write_text(json.dumps({"metadata": {}, "weight_map": file_of}), encoding="utf-8")

    def load(self, folder: Path, dtype: torch.dtype, device: str) -> Any:
        """As the reasoner does."""
        from realtime_fer.networks.expllm.checkpoint import load_expllm

        return load_expllm(folder, dtype=dtype, device=device)

    def answer(self, model: Any, new_tokens: int) -> None:
        """Picture to so many tokens, from a prompt of the published length."""
        from realtime_fer.networks.expllm.config import INPUT_PX, PATCH_COUNT
        from realtime_fer.networks.expllm.generation import greedy_config

        device = model.language.device
        text = LABEL_PROMPT - PATCH_COUNT
        words = [*range(1000, 1000 + text // 2)], [*range(2000, 2000 + text - text // 2)]
        ids = torch.tensor([[*words[0], *[model.config.image_token_id] * PATCH_COUNT, *words[1]]], device=device)
        with torch.inference_mode():
            images = model.image_embeddings(torch.zeros(1, 3, INPUT_PX, INPUT_PX, device=device))
            config = greedy_config(model.config, new_tokens)
            config.min_new_tokens = new_tokens
            found = model.language.generate(
                inputs_embeds=model.embed(ids, images), attention_mask=torch.ones_like(ids), generation_config=config
            )
        assert found.sequences.shape[1] == new_tokens


class ExpBlipSystem:
    """Exp-BLIP: EVA ViT-g, Q-Former, OPT-6.7B."""

    def write(self, folder: Path, size: str, dtype: torch.dtype) -> None:
        """A converted folder."""
        from realtime_fer.networks.exp_blip.checkpoint import TIED, part_type
        from realtime_fer.networks.exp_blip.converted import INDEX_FILE
        from realtime_fer.networks.exp_blip.model import ExpBlip
        from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes

        small = {"vision_hidden": 32, "vision_intermediate": 64, "vision_layers": 2, "vision_heads": 2, "qformer_hidden": 32}
        small |= {"qformer_intermediate": 64, "qformer_layers": 2, "qformer_heads": 2, "opt_hidden": 32, "opt_layers": 2}
        small |= {"opt_intermediate": 64, "opt_heads": 2}
        sizes = PUBLISHED if size == "real" else ExpBlipSizes(**small)
        with torch.device("meta"):
            model = ExpBlip(sizes)
        file_of = write_random(model, folder, lambda name: part_type(name, dtype), leave_out=TIED[ExpBlip])
        sums = dict.fromkeys(file_of.values(), "")
        about = {"sizes": asdict(sizes), "files": file_of, "sha256": sums}
        (folder / INDEX_FILE).write_text(json.dumps(about), encoding="utf-8")

    def load(self, folder: Path, dtype: torch.dtype, device: str) -> Any:
        """As the reasoner does; the types are those of the files."""
        from realtime_fer.networks.exp_blip.converted import load_converted

        return load_converted(folder, device=device)

    def answer(self, model: Any, new_tokens: int) -> None:
        """Picture to so many tokens, greedily; the published prompt is empty."""
        from realtime_fer.networks.exp_blip.generation import GenerationSettings, generate

        side = model.sizes.image_px
        settings = GenerationSettings(num_beams=1, max_new_tokens=new_tokens, min_length=new_tokens + 1)
        (found,) = generate(model, torch.zeros(1, 3, side, side), None, settings)
        assert len(found[0]) == new_tokens


System = ExpLlmSystem | ExpBlipSystem
SYSTEMS: dict[str, System] = {"expllm": ExpLlmSystem(), "exp-blip": ExpBlipSystem()}


def write_random(model: nn.Module, folder: Path, kind: Callable[[str], torch.dtype], leave_out: Any = ()) -> dict[str, str]:
    """Random values for every tensor of a model without memory, in files of bounded size; which file holds which."""
    generator = torch.Generator().manual_seed(0)
    file_of: dict[str, str] = {}

    def values(name: str, like: Tensor) -> Tensor:
        if like.ndim < 2 and "norm" in name and name.endswith("weight"):
            return torch.ones(like.shape, dtype=kind(name))
        # Uniform of the same spread: four times as fast to draw as a normal one.
        return torch.empty(like.shape, dtype=kind(name)).uniform_(-SPREAD * 3**0.5, SPREAD * 3**0.5, generator=generator)

    for number, group in enumerate(grouped(model, kind, leave_out), 1):
        file_name = f"model-{number:05d}.safetensors"
        save_file({name: values(name, like) for name, like in group}, str(folder / file_name), metadata={"format": "pt"})
        file_of.update({name: file_name for name, _ in group})
    return file_of


def grouped(model: nn.Module, kind: Callable[[str], torch.dtype], leave_out: Any) -> Iterator[list[tuple[str, Tensor]]]:
    """Names and shapes, so many that a file stays within its size."""
    group: list[tuple[str, Tensor]] = []
    held = 0
    for name, like in model.state_dict().items():
        if name in leave_out:
            continue
        size = like.numel() * kind(name).itemsize
        if group and held + size > FILE_BYTES:
            yield group
            group, held = [], 0
        group.append((name, like))
        held += size
    yield group


def seconds(work: Callable[[], None], cuda: bool) -> float:
    """How long it takes."""
    synchronise(cuda)
    began = time.perf_counter()
    work()
    synchronise(cuda)
    return time.perf_counter() - began


def synchronise(cuda: bool) -> None:
    """Wait for a GPU."""
    if cuda:
        torch.cuda.synchronize()


def peak_memory() -> float:
    """Largest resident size of this program so far, bytes (pages of files that are mapped count, too)."""
    status = Path("/proc/self/status")
    if status.is_file():
        # What `getrusage` says begins with the size of the process that started this one.
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def as_text(options: argparse.Namespace, figures: dict[str, Any]) -> str:
    """For people."""
    machine, peak = describe_machine(), figures["peak_memory_gb"]
    device = machine["processor"] if options.device == "cpu" else options.device
    gpu = "" if peak["gpu"] is None else f", on the GPU {peak['gpu']:.1f} GB"
    return (
        f"{options.system} {options.size}, {options.dtype}, {device}, {options.threads} threads, load {machine['load_1min']}\n"
        f"  {figures['parameters'] / 1e9:.2f} thousand million parameters, {figures['weights_gb']:.1f} GB\n"
        f"  loaded in {figures['load_s']:.1f} s; peak memory {peak['after_loading']:.1f} GB while loading, "
        f"{peak['after_answers']:.1f} GB in all{gpu}\n"
        f"  first token after {figures['first_token_s']['median']:.2f} s, then {figures['tokens_per_s']['median']:.2f} a second"
    )


if __name__ == "__main__":
    main()
