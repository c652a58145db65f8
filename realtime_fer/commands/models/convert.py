"""`realtime-fer models convert`: published vision-language weights into a folder of one's own, which their reasoner reads."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from realtime_fer.zoo.import_options import Dtype

_PATH = click.Path(path_type=Path)
_DTYPES = click.Choice(get_args(Dtype))


@click.group(name="convert")
def convert_group() -> None:
    """Convert published weights into a folder of your own.

    `models import` converts likewise, and puts a published entry on the shelf: under its name, with manifest, card and
    licences. Here only the folder is written, which a reasoner takes as `checkpoint`: for your own trainings, or one
    checkpoint of several.

    The same command goes on where it was stopped; on a finished folder it makes anew what is damaged or missing.
    """


@convert_group.command()
@click.argument("published", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--dtype", type=_DTYPES, default="bfloat16", show_default=True, help="Of the decoder's weights.")
def expllm(published: Path, out: Path, dtype: str) -> None:
    """ExpLLM's checkpoint folder PUBLISHED to the folder OUT.

    Of its own, beside the shelf; `models import expllm` makes a model of that name there.
    """
    from realtime_fer.networks.checkpoint_writing import DTYPES
    from realtime_fer.networks.expllm.convert import convert
    from realtime_fer.zoo.folder_lock import locked

    with locked(out):
        done = convert(published, out, dtype=DTYPES[dtype], report=click.echo)
    click.echo(f"{out}: whole, {len(done.written)} files written, {len(done.kept)} kept")
    words = ("tokenizer.model", "tokenizer_config.json")
    _say_missing(out, words, "copy them there; realtime-fer models fetch vicuna-7b-v1.5-tokenizer has them")
    _say_use("expllm", out)


@convert_group.command(name="exp-blip")
@click.argument("file", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--opt", type=_PATH, help="Folder of facebook/opt-6.7b: weights where FILE has none, vocab.json, merges.txt.")
@click.option("--dtype", type=_DTYPES, default="float16", show_default=True, help="Of image encoder and language model.")
def exp_blip(file: Path, out: Path, opt: Path | None, dtype: str) -> None:
    """Exp-BLIP's FILE and OPT to the folder OUT; AU-BLIP's and Emot-BLIP's likewise.

    Of its own, beside the shelf; `models import exp-blip` makes a model of that name there.
    """
    from realtime_fer.networks.checkpoint_writing import DTYPES
    from realtime_fer.networks.exp_blip.convert import VOCABULARY, convert_exp_blip
    from realtime_fer.zoo.folder_lock import locked

    with locked(out):
        convert_exp_blip(file, out, opt, dtype=DTYPES[dtype], report=click.echo)
    click.echo(f"{out}: whole")
    _say_missing(out, VOCABULARY, "facebook/opt-6.7b has them; give the same command with its folder as --opt")
    _say_use("exp-blip", out)


@convert_group.command(name="exp-blip-hub")
@click.argument("folder", type=_PATH)
@click.argument("out", type=_PATH)
def exp_blip_hub(folder: Path, out: Path) -> None:
    """The converted Exp-BLIP FOLDER to OUT in the layout of transformers' BLIP-2, which vLLM reads."""
    from realtime_fer.networks.exp_blip.hub_layout import write_hub_layout

    write_hub_layout(folder, out)
    click.echo(f"{out}: written")


def _say_missing(out: Path, names: tuple[str, ...], remedy: str) -> None:
    missing = [name for name in names if not (out / name).is_file()]
    if missing:
        click.echo(f"{out}: still needs {' and '.join(missing)} ({remedy})")


def _say_use(reasoner: str, out: Path) -> None:
    click.echo(f"use: realtime-fer describe FACE.jpg --reasoner {reasoner} --reasoner-option checkpoint={out}")
