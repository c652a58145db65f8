"""The same small backbone taught in several ways on FER+: which of the systems' ideas help, over several seeds?

    python benchmarks/ferplus_comparison.py --train ferplus_train.npz --valid ferplus_valid.npz
    python benchmarks/ferplus_comparison.py --runs runs/comparison --valid ferplus_valid.npz     # finished runs alone

Every row sees the first 9,000 training faces for 8 epochs, with one schedule and one augmentation. Finished runs in the folder
are taken as they are. Nothing is chosen on the validation faces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.ferplus_comparison_runs import ROWS, Tell, checkpoint_of, evaluate_run, finished, train_row
from benchmarks.machine import describe_machine
from benchmarks.seed_statistics import Difference, paired_difference, rounded, spread

FIGURES = ("war", "uar")
COMPARED = (
    ("graph", "linear"),
    ("single", "linear"),
    ("taught", "graph"),
    ("fmpn", "fmpn-without-mask"),
    ("fmpn", "single"),
    ("fmpn-without-mask", "single"),
)
"""Rows that differ in one thing, or that somebody will ask about."""

Scores = Mapping[str, Mapping[int, Mapping[str, float]]]
"""Row, seed, figure."""


def main(arguments: Sequence[str] | None = None) -> int:
    args = _arguments(arguments)
    torch.set_num_threads(1)
    scores: dict[str, dict[int, dict[str, float]]] = {}
    for name in args.rows:
        for seed in args.seeds:
            path = checkpoint_of(args.runs, name, seed)
            if not finished(path, name, seed, args.epochs):
                if args.train is None:
                    print(f"{name}, seed {seed}: no finished run in {args.runs}; left out without --train", file=sys.stderr)
                    continue
                args.runs.mkdir(parents=True, exist_ok=True)
                train_row(
                    name,
                    seed,
                    runs=args.runs,
                    train=args.train,
                    faces=args.faces,
                    epochs=args.epochs,
                    teachers=tuple(args.teacher),
                    tell=_teller(f"{name}, seed {seed}"),
                )
            report = evaluate_run(path, name, args.valid)
            scores.setdefault(name, {})[seed] = {"war": report.war, "uar": report.uar, "ece": report.ece}
    if not scores:
        print(f"no run to score in {args.runs}; give --train to make them", file=sys.stderr)
        return 1
    print(markdown(scores))
    if args.json is not None:
        settings = {"faces": args.faces, "epochs": args.epochs, "seeds": args.seeds}
        result = {**as_json(scores), "settings": settings, "machine": describe_machine()}
        args.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


def markdown(scores: Scores) -> str:
    """Both tables: each row's mean and deviation, and paired differences with their t-intervals, in points of 100."""
    lines = ["| row | seeds | WAR | UAR |", "|---|---|---|---|"]
    for name, seeds in scores.items():
        cells = []
        for figure in FIGURES:
            found = spread([figures[figure] for figures in seeds.values()])
            cells.append(f"{found.mean:.3f}" + (f" +- {found.deviation:.3f}" if found.count > 1 else ""))
        lines.append(f"| {ROWS[name].title} | {len(seeds)} | {' | '.join(cells)} |")
    pairs = differences(scores)
    if not pairs:
        return "\n".join(lines)
    lines += ["", "| difference, in points | seeds | WAR (95 % t-interval) | UAR (95 % t-interval) |", "|---|---|---|---|"]
    for first, second, found_differences in pairs:
        cells = [_points(found_differences[figure]) for figure in FIGURES]
        lines.append(f"| {first} - {second} | {found_differences['war'].count} | {' | '.join(cells)} |")
    return "\n".join(lines)


def differences(scores: Scores) -> list[tuple[str, str, dict[str, Difference]]]:
    """Of all pairs in `COMPARED` that share a seed."""
    found = []
    for first, second in COMPARED:
        if scores.get(first, {}).keys() & scores.get(second, {}).keys():
            sides = [
                {figure: {seed: row[figure] for seed, row in scores[name].items()} for figure in FIGURES}
                for name in (first, second)
            ]
            found.append((first, second, {figure: paired_difference(sides[0][figure], sides[1][figure]) for figure in FIGURES}))
    return found


def as_json(scores: Scores) -> dict[str, Any]:
    """`rows`, each with its figures by seed, and `differences`."""
    rows = {
        name: {str(seed): {figure: rounded(value) for figure, value in figures.items()} for seed, figures in seeds.items()}
        for name, seeds in scores.items()
    }
    pairs = [
        {
            "first": first,
            "second": second,
            **{
                figure: {
                    key: rounded(value) if isinstance(value, float) else value for key, value in asdict(difference).items()
                }
                for figure, difference in each.items()
            },
        }
        for first, second, each in differences(scores)
    ]
    return {"rows": rows, "differences": pairs}


def _teller(who: str) -> Tell:
    def tell(line: str) -> None:
        print(f"{who}: {line}", file=sys.stderr)

    return tell


def _points(difference: Difference) -> str:
    mean, low, high = (100 * value for value in (difference.mean, difference.low, difference.high))
    return f"{mean:+.1f}" + (f" ({low:+.1f} to {high:+.1f})" if difference.count > 1 else "")


def _arguments(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, help="ferplus_train.npz; without it, only finished runs are scored")
    parser.add_argument("--valid", type=Path, required=True, help="ferplus_valid.npz, to score on")
    parser.add_argument("--runs", type=Path, default=Path("runs/ferplus-comparison"), help="a folder <row>-<seed> for each run")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=[name for name in ROWS if name != "taught"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=9000, help="the first so many of the training faces")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--teacher", nargs="+", type=Path, default=[], help="checkpoints that the row `taught` learns from")
    parser.add_argument("--json", type=Path, help="write figures of every seed here")
    args = parser.parse_args(arguments)
    if "taught" in args.rows and args.train is not None and not args.teacher:
        parser.error("the row taught needs --teacher")
    return args


if __name__ == "__main__":
    sys.exit(main())
