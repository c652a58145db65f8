"""`realtime-fer convert`: data sets as their owners distribute them, to the files that training and evaluation read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

_FOLDER = click.Path(path_type=Path)


def _two_paths(_context: click.Context, _option: click.Parameter, value: str) -> tuple[Path, Path]:
    paths = [Path(part.strip()) for part in value.split(",") if part.strip()]
    if len(paths) != 2 or paths[0] == paths[1]:
        raise click.BadParameter(f"expected two files with a comma between them, such as train.json,test.json; found {value!r}")
    return paths[0], paths[1]


@click.group()
def convert() -> None:
    """Bring a data set into the form that training and evaluation read.

    For weights: realtime-fer models convert.
    """


@convert.command(name="raf-db")
@click.option("--basic", type=_FOLDER, help="Folder of the single labels: EmoLabel/list_patition_label.txt, Image/aligned/.")
@click.option("--compound", type=_FOLDER, help="Folder of the compound labels, laid out likewise.")
@click.option("--out", metavar="TRAIN,TEST", callback=_two_paths, required=True, help="Files to write, one for each split.")
@click.option(
    "--pictures",
    type=click.Choice(["aligned", "original"]),
    default="aligned",
    show_default=True,
    help="Which of RAF-DB's pictures to name; the published figures are on aligned faces.",
)
def raf_db(basic: Path | None, compound: Path | None, out: tuple[Path, Path], pictures: Literal["aligned", "original"]) -> None:
    """RAF-DB to Chain-of-Affect's questions: one about each single label, two about each compound label."""
    from realtime_fer.datasets.chain_records import basic_records, compound_records, write_chain_records
    from realtime_fer.datasets.raf_db import read_raf_db_basic, read_raf_db_compound

    if basic is None and compound is None:
        raise click.UsageError("expected --basic, --compound or both")
    parts = []
    if basic is not None:
        parts.append((read_raf_db_basic(basic, pictures), basic_records))
    if compound is not None:
        parts.append((read_raf_db_compound(compound, pictures), compound_records))
    for split, path in zip(("train", "test"), out, strict=True):
        records = [
            record
            for part, records_of in parts
            for record in records_of(picture for picture in part.pictures if picture.split == split)
        ]
        write_chain_records(path, records)
        click.echo(f"{path}: {len(records)} questions")
    click.echo("pictures: " + " ".join(f"--images {part.folder}" for part, _ in parts))
