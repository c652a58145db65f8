"""`realtime-fer evaluate expllm`: the published test of its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from realtime_fer.commands.evaluate.options import BOOTSTRAP_DRAWS
from realtime_fer.commands.placement_options import placement_options
from realtime_fer.commands.progress_bar import shown_progress

NAME: Final = "expllm"

_FOLDER = click.Path(path_type=Path)


@click.command(name=NAME)
@click.option("--model", type=_FOLDER, required=True, help="Converted folder, see docs/expllm.md.")
@click.option("--data", type=_FOLDER, required=True, help="Annotations of the test split (JSON, the authors' form).")
@click.option("--images", type=_FOLDER, required=True, help="Folder of their pictures.")
@click.option("--protocol", type=click.Choice(["raf-db-7", "affectnet-kaggle-8"]), required=True)
@click.option(
    "--out", type=_FOLDER, help="Folder of the answers and the report; goes on there.  [default: runs/expllm-PROTOCOL]"
)
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Faces at once; published with 8.")
@placement_options(dtype="bfloat16")
@click.option("--limit", type=click.IntRange(1), help="At most so many pictures, for a trial.")
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
def evaluate_expllm(protocol: str, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Ask ExpLLM for the label of each face, and count exact words (extras: demo, vlm).

    \b
    raf-db-7             RAF-DB's test, seven classes
    affectnet-kaggle-8   AffectNet as on Kaggle, eight classes
    """
    from realtime_fer.evaluation.expllm.run import evaluate_expllm as evaluate

    out = out or Path("runs") / f"{NAME}-{protocol}"
    with shown_progress() as progress:
        report = evaluate(protocol=protocol, out=out, bootstrap_draws=BOOTSTRAP_DRAWS, progress=progress, **asked)
    click.echo(f"wrote answers.jsonl, report.json, confusion.png to {out}")
    click.echo(report.as_json() if as_json else report.as_text())
