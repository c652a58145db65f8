"""Ask ExpLLM for the label of every face of a test, and score its answers. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from realtime_fer.datasets.expllm_picture import read_expllm_picture
from realtime_fer.datasets.expllm_records import ExpLlmRecord, read_expllm_records
from realtime_fer.errors import SettingsError
from realtime_fer.evaluation.asking import Progress, batches_left, require_pictures, spread_over
from realtime_fer.evaluation.confusion_picture import CONFUSION_NAME, draw_confusion
from realtime_fer.evaluation.expllm.labels import ANSWERS, PROTOCOLS, ExpLlmReport, expllm_report, require_labels
from realtime_fer.evaluation.kept_answers import KeptAnswers
from realtime_fer.fingerprint import records_fingerprint
from realtime_fer.networks.expllm.generation import LABEL_TOKENS, write
from realtime_fer.networks.expllm.image_processor import pixel_values
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.prompts import label_prompt
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer
from realtime_fer.reasoning.expllm.loading import load_converted, weights_version
from realtime_fer.reasoning.placement import choose_placement

ANSWERS_NAME: Final = "answers.jsonl"
REPORT_NAME: Final = "report.json"
PUBLISHED_BATCH: Final = 8


def evaluate_expllm(
    *,
    model: Path,
    data: Path,
    images: Path,
    protocol: str,
    out: Path,
    batch: int = PUBLISHED_BATCH,
    device: str = "auto",
    device_map: str | Mapping[str, Any] | None = None,
    dtype: str = "bfloat16",
    bits: int | None = None,
    threads: int | None = None,
    limit: int | None = None,
    bootstrap_draws: int = 0,
    progress: Progress | None = None,
) -> ExpLlmReport:
    """Run the published test of the labels.

    Args:
        model: converted folder.
        data: annotations of the test split, see `expllm_records`.
        images: folder of their pictures.
        protocol: name in `PROTOCOLS`.
        out: folder for answers.jsonl, report.json and confusion.png. Answers that it has already, of the same test, are kept.
        batch: faces asked about at once; published with 8.
        device, device_map, dtype, bits, threads: see `placement.choose_placement`.
        limit: at most so many pictures, from all over the test, for a trial.
        bootstrap_draws: for intervals; 0 gives none.
        progress: told of each batch.

    Raises:
        DatasetError: records, pictures or earlier answers cannot be used.
        ModelError: something about the model's files.
        SettingsError: a name is not known, or this machine has not what is asked for.
    """
    if protocol not in PROTOCOLS:
        raise SettingsError(f"protocol: expected one of {', '.join(PROTOCOLS)}, found {protocol!r}")
    records = read_expllm_records(data)
    require_labels([record.label for record in records], protocol, str(data))
    require_pictures([record.file_name for record in records], images, data)
    placement = choose_placement(device=device, dtype=dtype, bits=bits, device_map=device_map, threads=threads)
    what = {
        "protocol": protocol,
        "records": records_fingerprint((record.file_name, record.label) for record in records),
        "weights": weights_version(model),
        "dtype": placement.words,
    }
    records = spread_over(records, limit)
    network: ExpLlm | None = None
    with KeptAnswers(out / ANSWERS_NAME, what, ("answer",)) as kept:
        for asked in batches_left(records, lambda record: kept.of(record.file_name) is not None, batch, progress):
            if network is None:  # only where something is left to ask
                tokenizer = ExpLlmTokenizer.from_folder(model)
                network = load_converted(model, placement)
            for record, answer in zip(asked, _labels(network, tokenizer, asked, images), strict=True):
                kept.add(record.file_name, {"truth": record.label, "answer": answer})
        answers = [str((kept.of(record.file_name) or {})["answer"]) for record in records]
    report = expllm_report(answers, [str(record.label) for record in records], protocol, what, bootstrap_draws)
    (out / REPORT_NAME).write_text(report.as_json() + "\n", encoding="utf-8")
    title = f"ExpLLM, {protocol}, n = {report.n}, WAR {report.accuracy:.3f}"
    draw_confusion(out / CONFUSION_NAME, report.confusion, ANSWERS, title)
    return report


def _labels(model: ExpLlm, tokenizer: ExpLlmTokenizer, records: list[ExpLlmRecord], images: Path) -> list[str]:
    pictures = [read_expllm_picture(images / record.file_name) for record in records]
    pixels = pixel_values(pictures).to(next(model.vision.parameters()).device)
    seen = model.image_embeddings(pixels).to(model.language.model.embed_tokens.weight.device)
    return write(model, tokenizer, [label_prompt()] * len(records), seen, LABEL_TOKENS)
