"""Write CARD.md and its pictures for an exported tiny model: every figure in it is measured here, on the files that ship."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import onnxruntime

from realtime_fer.evaluation.chain_of_affect.ferplus import ChainReport, evaluate_ferplus_chain
from realtime_fer.evaluation.chain_of_affect.speed import milliseconds_per_chain
from realtime_fer.evaluation.metrics import BOOTSTRAP_DRAWS
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.reasoning.chain_of_affect.tiny import tiny_rules
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import find_tiny, load_model
from realtime_fer.training.chain_of_affect_tiny.card_text import CARD
from realtime_fer.training.chain_of_affect_tiny.export import load_trained
from realtime_fer.training.emotion_gcn_ferplus.card import put_pictures

SHOWN_THREADS: Final = (1, 2)

CHAIN_ROWS: Final = {
    "both_right": "both answers right",
    "compound": "same compound",
    "compound_told_first": "same compound, told the true first emotion",
    "baseline_compound": "same compound, by the rule, told the same",
}


def write_tiny_card(
    folder: Path,
    *,
    data: Path,
    run: Path,
    training_command: str,
    cpu: str = "x86-64",
    draws: int = BOOTSTRAP_DRAWS,
    notes: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> ChainReport:
    """Measure an exported model and write `CARD.md`, `confusion.png` and `curves.png` beside it.

    Args:
        folder: the model's, with `manifest.json`.
        data: FER+ validation faces (npz).
        run: folder of the training run, for its recipe (`last.pt`) and `curves.png`.
        training_command: what made the weights, as typed; goes to the card word for word.
        cpu: what the speed was measured on.
        notes: Markdown that is put at the end.
        progress: told a line now and then.

    Raises:
        ModelNotFoundError, ModelCorruptError: manifest, model or checkpoint are absent or broken.
        DatasetError: `data` is no FER+ npz file.
    """
    shelved, manifest = find_tiny(str(folder))
    network, saved = load_trained(run / "last.pt")
    model = load_model(str(folder), in_words=True)
    report = evaluate_ferplus_chain(model, model.facts.labels, data, bootstrap_draws=draws, progress=progress)
    put_pictures(report.primary, run, folder)
    tower = sum(value.numel() for value in network.tower.parameters())
    whole = sum(value.numel() for value in network.parameters())
    files = (manifest.file, *(further.file for further in manifest.further_files))
    text = CARD.format(
        **{
            name: getattr(manifest, name)
            for name in ("name", "version", "description", "licence", "licence_note", "trained_on")
        },
        files=", ".join(f"`{file}`" for file in files),
        megabytes=sum((shelved.folder / file).stat().st_size for file in files) / 1e6,
        sha256=manifest.sha256,
        labels=", ".join(manifest.labels),
        margin=manifest.crop.margin,
        temperatures=manifest.temperatures,
        millions=whole / 1e6,
        tower_millions=tower / 1e6,
        learned_millions=(whole - tower) / 1e6,
        width=network.config.hidden_size,
        inner=network.config.intermediate_size,
        layers=network.config.num_hidden_layers,
        heads=network.config.num_attention_heads,
        tokens=network.config.vocab_size,
        vectors=1 + network.tower.places,
        places=network.tower.places,
        recipe=saved["recipe"],
        held_out=len(saved["held_out"]["first_labels"]),
        draws=draws,
        first_rows=_first_rows(report),
        first_class_rows=_class_rows(report.primary.per_class, report.primary.support),
        second_rows=_second_rows(report),
        second_class_rows=_class_rows(report.per_second, report.second_support),
        chain_rows=_rows(report, report.chain, CHAIN_ROWS),
        n=report.primary.n,
        second_n=report.secondary["n"],
        dropped=report.primary.n - int(report.secondary["n"]),
        words=report.words,
        none_said=report.secondary["none_said"],
        none_true=report.second_support["none"] / report.secondary["n"],
        rare={name: report.primary.support[name] for name in FERPLUS_LABELS},
        speed_rows=_speed_rows(folder),
        onnxruntime=onnxruntime.__version__,
        cpu=cpu,
        training_command=training_command,
        notes="\n" + notes.read_text(encoding="utf-8") if notes else "",
    )
    (folder / "CARD.md").write_text(text, encoding="utf-8")
    return report


def _first_rows(report: ChainReport) -> str:
    names = {
        "war": "accuracy (WAR)",
        "uar": "mean recall of the eight classes (UAR)",
        "ece": "calibration error (ECE, 15 bins)",
    }
    figures = {key: getattr(report.primary, key) for key in names}
    return "\n".join(_row(name, figures[key], report.primary.intervals.get(key)) for key, name in names.items())


def _second_rows(report: ChainReport) -> str:
    names = {
        "accuracy": ("accuracy", "secondary_accuracy"),
        "baseline_accuracy": ("accuracy of the rule", "baseline_accuracy"),
        "gain": ("accuracy, what the model has more", "gain"),
        "uar": ("mean recall of the classes (UAR)", "secondary_uar"),
        "baseline_uar": ("UAR of the rule", "baseline_uar"),
        "ece": ("calibration error (ECE, 15 bins)", ""),
    }
    return "\n".join(_row(name, report.secondary[key], report.intervals.get(where)) for key, (name, where) in names.items())


def _rows(report: ChainReport, figures: Mapping[str, float], names: Mapping[str, str]) -> str:
    return "\n".join(_row(name, figures[key], report.intervals.get(key)) for key, name in names.items())


def _row(name: str, value: float, interval: tuple[float, float] | None) -> str:
    return f"| {name} | {value:.4f} | {'' if interval is None else f'{interval[0]:.4f} - {interval[1]:.4f}'} |"


def _class_rows(recalls: Mapping[str, float], support: Mapping[str, int]) -> str:
    return "\n".join(f"| {name} | {support[name]} | {recall:.3f} |" for name, recall in recalls.items())


def _speed_rows(folder: Path) -> str:
    def row(threads: int, in_words: bool) -> str:
        model: Any = load_model(str(folder), threads=threads, in_words=in_words)
        median, tail = milliseconds_per_chain(model, tiny_rules(model.facts.labels))
        return f"| {threads} | {'words' if in_words else 'choice'} | {median:.1f} | {tail:.1f} |"

    return "\n".join(row(threads, in_words) for threads in SHOWN_THREADS for in_words in (False, True))
