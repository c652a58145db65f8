"""`realtime-fer models import`: published weights, or a model of another machine, onto this one's shelf."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from realtime_fer.zoo.import_options import Dtype

_PATH = click.Path(path_type=Path)


@click.command(name="import")
@click.argument("name")
@click.option(
    "--weights",
    type=_PATH,
    multiple=True,
    metavar="PATH",
    help="File or folder fetched by hand, or what `models export` wrote; may be repeated.  [default: what `models fetch` left]",
)
@click.option("--embeddings", type=_PATH, help="emotion-gcn: its word vectors.  [default: found beside the weights]")
@click.option("--size", "size_px", type=int, metavar="PX", help="Classifiers: side of the face, where it is not the usual one.")
@click.option("--opt", type=_PATH, help="exp-blip: folder of facebook/opt-6.7b.  [default: the fetched one]")
@click.option("--base", type=_PATH, help="chain-of-affect: folder of Phi-3.5-vision.  [default: the fetched one]")
@click.option("--tokenizer", type=_PATH, help="expllm: folder with tokenizer.model, where the checkpoint has none.")
@click.option(
    "--dtype",
    type=click.Choice(get_args(Dtype)),
    help="Of the language model's weights.  [default: bfloat16 for expllm, float16 for exp-blip]",
)
@click.option("--licence", help="SPDX identifier of the weights' licence, if you know it.")
@click.option("--to", type=_PATH, help="Folder of the model.  [default: NAME on the shelf of imported models]")
@click.option("--replace", is_flag=True, help="Import anew what is there already.")
def import_command(name: str, weights: tuple[Path, ...], to: Path | None, replace: bool, **options: object) -> None:
    """Make a model folder of the published weights NAME, or take over one that another machine exported.

    The model lies on the shelf of imported ones; `models convert` writes a folder of your own instead. No code in the
    files is run. What was begun and stopped is gone on with. The folder is a model only once it is whole.
    """
    from realtime_fer.commands.models.progress import told_progress
    from realtime_fer.errors import ModelNotFoundError
    from realtime_fer.zoo.catalogue import catalogue, find_published
    from realtime_fer.zoo.import_options import ImportOptions
    from realtime_fer.zoo.import_published import import_published, use_of
    from realtime_fer.zoo.model_package import is_package, take_over
    from realtime_fer.zoo.user_folder import models_folder

    if not name or Path(name).name != name or name.startswith("."):
        raise click.UsageError(f"NAME: expected the name of a model, found {name!r}")
    chosen = ImportOptions(**options)  # type: ignore[arg-type]
    if len(weights) == 1 and weights[0].exists() and is_package(weights[0]):
        chosen.require_taken(None)
        click.echo(f"{name}: imported, whole, in {take_over(weights[0], to or models_folder() / name, replace=replace)}")
        return
    if name not in catalogue() and weights:
        for path in weights:
            if not path.exists():
                raise ModelNotFoundError(f"{path}: no such file or folder")
        raise ModelNotFoundError(
            f"{name!r}: is neither published ({', '.join(catalogue())}) nor are these files what `models export` writes"
        )
    entry = find_published(name)
    with told_progress() as progress:
        folder = import_published(entry, weights, chosen, progress, out=to, replace=replace)
    click.echo(f"{name}: imported, whole, in {folder}")
    click.echo(f"use: {use_of(entry, folder)}")
