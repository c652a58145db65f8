"""`realtime-fer evaluate chain-of-affect`: the published tests on RAF-DB."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from realtime_fer.commands.progress_bar import shown_progress

NAME: Final = "chain-of-affect"
BOOTSTRAP_DRAWS: Final = 2000

_FOLDER = click.Path(path_type=Path)


@click.command(name=NAME)
@click.option(
    "--model", type=_FOLDER, required=True, help="Folder of microsoft/Phi-3.5-vision-instruct, or a merged fine-tune."
)
@click.option("--adapter", type=_FOLDER, help="Folder of an adapter: the published one, or lora/ of a run.")
@click.option("--data", type=_FOLDER, required=True, help="Records: test.json of `realtime-fer convert raf-db`.")
@click.option("--images", type=_FOLDER, multiple=True, required=True, help="Folder of their pictures; may be repeated.")
@click.option("--protocol", type=click.Choice(["raf-db-basic", "raf-db-compound"]), required=True)
@click.option(
    "--out",
    type=_FOLDER,
    help="Folder for answers.jsonl, report.json, confusion.png; the same test goes on there.  "
    "[default: runs/chain-of-affect-PROTOCOL]",
)
@click.option(
    "--variant",
    type=click.Choice(["notebook-basic", "notebook-compound", "training"]),
    help="How to ask: wording, tiles, tokens.  [default: as the published test of this protocol]",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1; auto takes a GPU where there is one.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "bfloat16", "float16", "float32"]),
    default="auto",
    show_default=True,
    help="Of the weights; auto is float16 on a GPU, as published, and bfloat16 elsewhere.",
)
@click.option("--threads", type=click.IntRange(1), help="Of the CPU; default all.")
@click.option("--limit", type=click.IntRange(1), help="At most so many pictures, for a trial.")
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
def evaluate_chain_of_affect(protocol: str, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Ask Chain-of-Affect about RAF-DB's test pictures, as its published test does (extras: train, vlm).

    \b
    raf-db-basic      one question, seven classes: accuracy (WAR), mean class recall (UAR)
    raf-db-compound   two questions, eleven classes; both emotions must be right, in either order
    """
    from realtime_fer.evaluation.chain_of_affect.run import evaluate_chain

    out = out or Path("runs") / f"{NAME}-{protocol}"
    with shown_progress() as progress:
        report = evaluate_chain(protocol=protocol, out=out, bootstrap_draws=BOOTSTRAP_DRAWS, progress=progress, **asked)
    click.echo(f"wrote answers.jsonl, report.json, confusion.png to {out}")
    click.echo(report.as_json() if as_json else report.as_text())
