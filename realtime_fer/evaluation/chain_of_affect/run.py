"""Ask a model every question of a test, and score its answers.

`realtime-fer evaluate chain-of-affect` calls `evaluate_chain`; the last line it prints with --json is `ChainReport.as_json`.
Needs torch, as the model is asked in words, the way it was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from realtime_fer.datasets.chain_records import find_pictures, read_chain_records, records_digest
from realtime_fer.datasets.picture_file import read_picture
from realtime_fer.errors import SettingsError, missing_extra
from realtime_fer.evaluation.asking import Progress, batches_left, spread_over
from realtime_fer.evaluation.chain_of_affect.answers import AnswerFile
from realtime_fer.evaluation.chain_of_affect.protocol import PROTOCOLS
from realtime_fer.evaluation.chain_of_affect.report import ChainReport, chain_report, draw_chain_confusion
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision
from realtime_fer.networks.phi3_vision.config import CLIP_VIT_L_14_336, Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.lora import LoraAdapter
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.phi3_vision import DTYPES, Phi3VisionChainModel, weights_version
from realtime_fer.reasoning.chain_of_affect.variants import ChainVariant, chain_variant

try:
    import torch
except ImportError as error:
    raise missing_extra("evaluating Chain-of-Affect", "vlm", error) from error

ANSWERS_NAME: Final = "answers.jsonl"
REPORT_NAME: Final = "report.json"
CONFUSION_NAME: Final = "confusion.png"

AUTO: Final = "auto"


def evaluate_chain(
    *,
    model: Path,
    adapter: Path | None,
    data: Path,
    images: Sequence[Path],
    protocol: str,
    out: Path,
    variant: str | None = None,
    device: str = AUTO,
    dtype: str = AUTO,
    threads: int | None = None,
    limit: int | None = None,
    bootstrap_draws: int = 0,
    progress: Progress | None = None,
    tower: VisionTowerSizes = CLIP_VIT_L_14_336,
) -> ChainReport:
    """Run one of the published tests.

    Args:
        model: folder of the base model, or of a merged fine-tune.
        adapter: folder of an adapter, merged on loading; None for none.
        data: records of the test split, see `chain_records`; only those of the protocol are used.
        images: folders that hold their pictures.
        protocol: name in `PROTOCOLS`.
        out: folder for answers.jsonl, report.json and confusion.png. Answers that it has already, of the same test, are kept.
        variant: name in `VARIANTS`; None asks as the published test did.
        device: as torch names it; "auto" takes a GPU where there is one.
        dtype: of the weights; "auto" is float16 on a GPU, as published, and bfloat16 elsewhere.
        threads: of torch on the CPU; None leaves them.
        limit: at most so many pictures, from all over the test, for a trial.
        bootstrap_draws: for intervals; 0 gives none.
        progress: told after each picture.
        tower: sizes of the image encoder.

    Raises:
        DatasetError: records, pictures or earlier answers cannot be used.
        ModelError: something about the model's files.
        SettingsError: a name is not known.
    """
    if protocol not in PROTOCOLS:
        raise SettingsError(f"protocol: expected one of {', '.join(PROTOCOLS)}, found {protocol!r}")
    test, asked = PROTOCOLS[protocol], PROTOCOLS[protocol].variant if variant is None else chain_variant(variant)
    device, dtype = _chosen(device, dtype)
    Phi3VisionConfig.from_file(model / "config.json", tower)  # a wrong folder is known at once
    records = read_chain_records(data)
    cases = spread_over(test.cases(records, str(data)), limit)
    wanted = {case.image for case in cases}
    paths = find_pictures([record for record in records if record.image in wanted], images, str(data))
    what = {
        "protocol": protocol,
        "variant": asked.name,
        "records": records_digest(records),
        "weights": weights_version(model, adapter),
        "dtype": dtype,
    }
    chain: Phi3VisionChainModel | None = None
    with AnswerFile(out / ANSWERS_NAME, what) as file:
        for (case,) in batches_left(cases, lambda case: file.of(case) is not None, 1, progress):
            if chain is None:  # only where something is left to ask
                chain = open_chain_model(model, adapter, asked, device=device, dtype=dtype, threads=threads, tower=tower)
            file.add(case, test.ask(chain.look(read_picture(paths[case.image])), asked))
        answered = [(case, answers) for case in cases if (answers := file.of(case)) is not None]
    report = chain_report(test, answered, what, bootstrap_draws)
    (out / REPORT_NAME).write_text(report.as_json() + "\n", encoding="utf-8")
    draw_chain_confusion(report, out / CONFUSION_NAME)
    return report


def open_chain_model(
    model: Path,
    adapter: Path | None,
    variant: ChainVariant,
    *,
    device: str = "cpu",
    dtype: str = "bfloat16",
    threads: int | None = None,
    tower: VisionTowerSizes = CLIP_VIT_L_14_336,
) -> Phi3VisionChainModel:
    """Load a model that answers in words; arguments as of `evaluate_chain`.

    Raises:
        ModelError: something about the files.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    tokenizer = Phi3VisionTokenizer.from_file(model / "tokenizer.json")
    lora = None if adapter is None else LoraAdapter.from_folder(adapter)
    network = load_phi3_vision(model, dtype=DTYPES[dtype], device=device, adapter=lora, tower=tower)
    return Phi3VisionChainModel(network, tokenizer, variant, version=weights_version(model, adapter), in_words=True)


def _chosen(device: str, dtype: str) -> tuple[str, str]:
    """Both, with "auto" replaced."""
    if device == AUTO:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == AUTO:
        dtype = "float16" if device.startswith("cuda") else "bfloat16"
    if dtype not in DTYPES:
        raise SettingsError(f"dtype: expected auto or one of {', '.join(DTYPES)}, found {dtype!r}")
    return device, dtype
