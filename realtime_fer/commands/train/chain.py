"""`realtime-fer train chain-of-affect`: fine-tune Phi-3.5-vision; the defaults are the published recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.vlm_options import POSITIVE, RATE, step_options
from realtime_fer.training.chain_of_affect.recipe import PRECISIONS, PUBLISHED, ChainRecipe

_FOLDER = click.Path(path_type=Path)


@click.command(name="chain-of-affect")
@click.option("--model", type=_FOLDER, required=True, help="Folder of microsoft/Phi-3.5-vision-instruct.")
@click.option("--data", type=_FOLDER, required=True, help="Records: train.json of `realtime-fer convert raf-db`.")
@click.option("--images", type=_FOLDER, multiple=True, required=True, help="Folder of their pictures; may be repeated.")
@click.option(
    "--out",
    type=_FOLDER,
    default=Path("runs/chain-of-affect"),
    show_default=True,
    help="Run folder: checkpoint, history, curves, and the adapter in lora/.",
)
@click.option("--vision-learning-rate", type=RATE, help="Of the adapter in the image encoder.  [default: the same]")
@click.option("--projector-learning-rate", type=RATE, help="Of the adapter in the projector.  [default: the same]")
@click.option("--warm-up-ratio", type=click.FloatRange(0, 1, max_open=True), default=PUBLISHED.warm_up_ratio, show_default=True)
@click.option("--rank", type=POSITIVE, default=PUBLISHED.rank, show_default=True, help="Of the adapter.")
@click.option("--alpha", type=POSITIVE, default=PUBLISHED.alpha, show_default=True, help="The adapter's scale is alpha / rank.")
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), default=PUBLISHED.dropout, show_default=True)
@click.option(
    "--num-crops",
    type=POSITIVE,
    default=PUBLISHED.num_crops,
    show_default=True,
    help="Tiles at most a picture; the published test takes 4.",
)
@click.option("--precision", type=click.Choice(PRECISIONS), default=PUBLISHED.precision, show_default=True)
@step_options(PUBLISHED)
def chain_of_affect(
    model: Path,
    data: Path,
    images: tuple[Path, ...],
    out: Path,
    workers: int,
    device: str,
    threads: int | None,
    stop_after: int | None,
    resume: bool,
    **recipe: Any,
) -> None:
    """Phi-3.5-vision on Chain-of-Affect's questions, with a low-rank adapter (extras: train, vlm).

    On several GPUs: torchrun --nproc-per-node 2 --no-python realtime-fer train chain-of-affect ...
    """
    from realtime_fer.training.chain_of_affect.run import train_chain_of_affect

    adapter = train_chain_of_affect(
        model=model,
        data=data,
        images=images,
        out=out,
        recipe=ChainRecipe(**recipe),
        device=device,  # type: ignore[arg-type]  # click has checked it
        workers=workers,
        threads=threads,
        stop_after=stop_after,
        resume=resume,
        progress=click.echo,
    )
    click.echo(f"adapter: {adapter}; next: realtime-fer evaluate chain-of-affect --model {model} --adapter {adapter}")
