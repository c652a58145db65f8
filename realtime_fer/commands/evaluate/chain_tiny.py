"""`realtime-fer evaluate chain-of-affect-tiny --protocol ferplus-chain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtime_fer.zoo.shelf import ShelvedModel


def evaluate_chain_tiny(
    model: ShelvedModel, data: Path, *, as_json: bool, threads: int, draws: int, first_only: bool = False
) -> None:
    """Ask the model in a folder both questions, in words, and print the figures; `first_only` prints the first one's."""
    from realtime_fer.evaluation.chain_of_affect.ferplus import PROTOCOL, evaluate_ferplus_chain
    from realtime_fer.reasoning.chain_of_affect.tiny_onnx import load_model

    asked = load_model(str(model.folder), threads=threads, in_words=True)
    report = evaluate_ferplus_chain(
        asked, asked.facts.labels, data, bootstrap_draws=draws, progress=lambda line: click.echo(line, err=True)
    )
    if as_json:
        click.echo(report.primary.as_json() if first_only else report.as_json())
        return
    first, second, chain, words = report.primary, report.secondary, report.chain, report.words
    click.echo(f"{asked.name} {asked.version}, {data}, {PROTOCOL}, n = {first.n}")
    for name, value in (("war", first.war), ("uar", first.uar), ("ece", first.ece)):
        click.echo(f"  first question, {name.upper():<21} {value:.4f}{_interval(first.intervals.get(name))}")
    if first_only:
        return
    shown = {
        "second question, accuracy": ("secondary_accuracy", second["accuracy"]),
        "  by a rule, accuracy": ("baseline_accuracy", second["baseline_accuracy"]),
        "  the model more": ("gain", second["gain"]),
        "second question, UAR": ("secondary_uar", second["uar"]),
        "  by a rule, UAR": ("baseline_uar", second["baseline_uar"]),
        "chain, both right": ("both_right", chain["both_right"]),
        "chain, same compound": ("compound", chain["compound"]),
    }
    for name, (key, value) in shown.items():
        click.echo(f"  {name:<37} {value:.4f}{_interval(report.intervals.get(key))}")
    click.echo(
        f"  told a wrong first emotion, it names the true one in {words['corrects_wrong']:.1%} and repeats the wrong one in "
        f"{words['repeats_wrong']:.1%}; {words['as_chosen']:.1%} of the answers in words are the likeliest label"
    )


def _interval(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f"  (95 % bootstrap interval {pair[0]:.4f} to {pair[1]:.4f})"
