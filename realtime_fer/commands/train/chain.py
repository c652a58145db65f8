"""`realtime-fer train chain-of-affect`: fine-tune Phi-3.5-vision; the defaults are the published recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, RATE, run_folder_option
from realtime_fer.commands.train.vlm_options import adapter_options, step_options
from realtime_fer.training.chain_of_affect.recipe import PUBLISHED


@click.command(name="chain-of-affect")
@click.option("--model", type=PATH, required=True, help="Folder of microsoft/Phi-3.5-vision-instruct.")
@click.option("--data", type=PATH, required=True, help="Records: train.json of `realtime-fer convert raf-db`.")
@click.option("--images", type=PATH, multiple=True, required=True, help="Folder of their pictures; may be repeated.")
@run_folder_option("runs/chain-of-affect", "checkpoint, history, curves, and the adapter in lora/")
@click.option("--vision-learning-rate", type=RATE, help="Of the adapter in the image encoder.  [default: the same]")
@click.option("--projector-learning-rate", type=RATE, help="Of the adapter in the projector.  [default: the same]")
@adapter_options(PUBLISHED)
@click.option("--alpha", type=POSITIVE, default=PUBLISHED.alpha, show_default=True, help="The adapter's scale is alpha / rank.")
@click.option(
    "--num-crops",
    type=POSITIVE,
    default=PUBLISHED.num_crops,
    show_default=True,
    help="Tiles at most a picture; the published test takes 4.",
)
@step_options(PUBLISHED)
def chain_of_affect(model: Path, **asked: Any) -> None:
    """Phi-3.5-vision on Chain-of-Affect's questions, with a low-rank adapter (extras: train, vlm).

    On several GPUs: torchrun --nproc-per-node 2 --no-python realtime-fer train chain-of-affect ...
    """
    from realtime_fer.training.chain_of_affect.run import train_chain_of_affect

    adapter = train_chain_of_affect(model=model, **asked)
    click.echo(f"adapter: {adapter}; next: realtime-fer evaluate chain-of-affect --model {model} --adapter {adapter}")
