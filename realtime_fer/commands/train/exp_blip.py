"""`realtime-fer train exp-blip`: the second stage of Exp-BLIP; the defaults are the published recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, run_folder_option
from realtime_fer.commands.train.vlm_options import step_options
from realtime_fer.training.exp_blip.recipe import PRECISIONS, PUBLISHED


@click.command(name="exp-blip")
@click.option("--model", type=PATH, required=True, help="The authors' file of the first stage, or of the second.")
@click.option("--opt", type=PATH, required=True, help="Folder of facebook/opt-6.7b: weights, vocab.json, merges.txt.")
@click.option(
    "--data",
    type=PATH,
    multiple=True,
    required=True,
    help="Captions: JSON list of image, caption, image_id; may be repeated.",
)
@click.option("--images", type=PATH, multiple=True, required=True, help="Folder of their pictures; may be repeated.")
@run_folder_option("runs/exp-blip", "checkpoint, history, curves, and exp_blip.pth")
@click.option("--warm-up-steps", type=click.IntRange(0), default=PUBLISHED.warm_up_steps, show_default=True)
@click.option("--warm-up-learning-rate", type=click.FloatRange(0), default=PUBLISHED.warm_up_learning_rate, show_default=True)
@click.option("--last-learning-rate", type=click.FloatRange(0), default=PUBLISHED.last_learning_rate, show_default=True)
@click.option("--augmentation/--no-augmentation", default=PUBLISHED.augmentation, show_default=True)
@click.option(
    "--max-tokens",
    type=click.IntRange(2),
    default=PUBLISHED.max_tokens,
    show_default=True,
    help="Longer captions lose their end, and the mark that stops the writing.",
)
@click.option("--max-words", type=POSITIVE, default=PUBLISHED.max_words, show_default=True)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default=PUBLISHED.precision,
    show_default=True,
    help="On a CPU float16 means float32.",
)
@step_options(PUBLISHED)
def exp_blip(model: Path, opt: Path, **asked: Any) -> None:
    """Exp-BLIP's second stage: captions of faces, with OPT frozen (extras: train, vlm).

    On several GPUs: torchrun --nproc-per-node 4 --no-python realtime-fer train exp-blip ...
    """
    from realtime_fer.training.exp_blip.run import train_exp_blip
    from realtime_fer.training.exp_blip.start import Start

    weights = train_exp_blip(start=Start(model, opt), **asked)
    click.echo(f"weights: {weights}; next: realtime-fer models convert exp-blip {weights} FOLDER --opt {opt}")
