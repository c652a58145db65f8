"""`realtime-fer evaluate exp-blip`: scores of its captions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from realtime_fer.commands.placement_options import placement_options
from realtime_fer.commands.progress_bar import shown_progress

NAME: Final = "exp-blip"

_FOLDER = click.Path(path_type=Path)


@click.command(name=NAME)
@click.option("--model", type=_FOLDER, required=True, help="Converted folder, see docs/exp-blip.md.")
@click.option(
    "--data", type=_FOLDER, required=True, help="JSON list of image, caption, and action_units or emotion where they are known."
)
@click.option("--images", type=_FOLDER, required=True, help="Folder of the pictures.")
@click.option(
    "--kind", type=click.Choice(["au", "emot", "exp"]), default="exp", show_default=True, help="Which training it is of."
)
@click.option("--clip", type=_FOLDER, help="Folder of a CLIP model, for CLIPScore.")
@click.option("--out", type=_FOLDER, default=Path("runs/exp-blip"), show_default=True, help="Folder of captions and report.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Pictures at once.")
@click.option("--beams", type=click.IntRange(1), default=5, show_default=True, help="5 as published; 1 is greedy.")
@click.option("--max-new-tokens", type=click.IntRange(1), default=200, show_default=True, help="Of one caption, at most.")
@placement_options(dtype="float16")
@click.option("--limit", type=click.IntRange(1), help="At most so many pictures, for a trial.")
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
def evaluate_exp_blip(out: Path, as_json: bool, **asked: Any) -> None:
    """Have Exp-BLIP describe each picture, and score it (extras: captions, vlm).

    BLEU, ROUGE-L, CIDEr and METEOR (which needs Java) against the captions of the records; action units and the first emotion
    read from what it wrote, against those of the records; CLIPScore with --clip.
    """
    from realtime_fer.evaluation.exp_blip.run import evaluate_exp_blip as evaluate

    with shown_progress() as progress:
        report = evaluate(out=out, progress=progress, **asked)
    click.echo(f"wrote captions.jsonl, report.json to {out}")
    if as_json:
        click.echo(json.dumps(report))
        return
    for line in _lines(report):
        click.echo(f"  {line}")


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"{report['n']} captions, {report['captions_with_references']} with references"
    if report["bleu"] is not None:
        yield "BLEU-1 to 4  " + "  ".join(f"{value:.4f}" for value in report["bleu"])
    for name, title in (("rouge_l", "ROUGE-L"), ("cider", "CIDEr"), ("meteor", "METEOR"), ("clip_score", "CLIPScore")):
        if report[name] is not None:
            yield f"{title:<12} {report[name]:.4f}"
    if (units := report["action_units"]) is not None:
        yield f"action units, {units['n']} faces: mean F1 {units['f1_mean']:.4f}"
        for unit, of_it in units["per_unit"].items():
            figures = ", ".join(f"{name} {of_it[name]:.4f}" for name in ("precision", "recall", "f1"))
            yield f"  {unit:<5} {figures}  of {of_it['support']}"
    if (emotion := report["emotion"]) is not None:
        yield (
            f"emotion, {emotion['n']} faces: WAR {emotion['accuracy']:.4f}, UAR {emotion['uar']:.4f}; "
            f"{emotion['unnamed']} captions name none"
        )
    for name, why in report["left_out"].items():
        yield f"{name}: {why}"
