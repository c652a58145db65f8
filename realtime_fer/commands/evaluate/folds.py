"""`realtime-fer evaluate folds`: reports of the folds of a cross-validation, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from realtime_fer.commands.evaluate.options import write_report

NAME: Final = "folds"
TABLE_NAME: Final = "folds.json"


@click.command(name=NAME)
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--folds",
    type=click.IntRange(1),
    help="How many there must be.  [default: as many as the data set has, else up to the highest that is given]",
)
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for folds.json and confusion.png.")
def evaluate_folds(reports: tuple[Path, ...], folds: int | None, as_json: bool, out: Path | None) -> None:
    """One table of REPORTS, the report.json of each fold (`--protocol labelled --fold K --out FOLDER`).

    Accuracy fold by fold, their unweighted mean (what is published for FMPN), and all faces together: accuracy, recall,
    precision, F1, confusion.
    """
    from realtime_fer.evaluation.confusion_picture import require_drawing
    from realtime_fer.evaluation.fold_reports import read_fold_report
    from realtime_fer.evaluation.fold_table import fold_table

    if out is not None:
        require_drawing()
    table = fold_table([read_fold_report(path) for path in reports], folds)
    if out is not None:
        setting = table.reports[0].setting
        title = f"{setting['model']}, {setting['data set']}, {len(table.reports)} folds, mean {table.mean:.2%}"
        write_report(out, TABLE_NAME, table.as_json(), table.confusion, table.classes, title)
    click.echo(table.as_json() if as_json else table.as_text())
