"""`realtime-fer train expllm`: adapters and projector of ExpLLM; the defaults are the published recipe for RAF-DB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.loop_options import PATH, POSITIVE, RATE, run_folder_option
from realtime_fer.commands.train.vlm_options import adapter_options, step_options
from realtime_fer.training.expllm.recipe import PUBLISHED, QUESTION_ORDERS


@click.command(name="expllm")
@click.option("--model", type=PATH, help="Folder of a whole ExpLLM checkpoint to go on from, published or converted.")
@click.option("--vicuna", type=PATH, help="Or: folder of lmsys/vicuna-7b-v1.5 ...")
@click.option("--dinov2", type=PATH, help="... and dinov2_vitl14_pretrain.pth, with new adapters and a new projector.")
@click.option("--data", type=PATH, required=True, help="List of sources: lines of annotations.json,folder[,repeat].")
@click.option("--root", type=PATH, help="Where relative paths in the list start.  [default: here]")
@run_folder_option("runs/expllm", "checkpoint, history, curves, and what was trained in trained/")
@click.option("--merge-out", type=PATH, help="Write the whole model there at the end, for the reasoner.")
@click.option(
    "--questions",
    type=click.Choice(QUESTION_ORDERS),
    default=PUBLISHED.questions,
    show_default=True,
    help="fixed: description, then label (RAF-DB); random: in an order drawn each time (AffectNet).",
)
@adapter_options(PUBLISHED)
@click.option("--alpha", type=RATE, default=PUBLISHED.alpha, show_default=True, help="The adapters' scale is alpha / rank.")
@click.option("--augmentation/--no-augmentation", default=PUBLISHED.augmentation, show_default=True)
@click.option(
    "--max-tokens", type=POSITIVE, default=PUBLISHED.max_tokens, show_default=True, help="Longer conversations lose their end."
)
@step_options(PUBLISHED)
def expllm(model: Path | None, vicuna: Path | None, dinov2: Path | None, merge_out: Path | None, **asked: Any) -> None:
    """ExpLLM's adapters and projector, on labels and chains of thought (extras: train, vlm).

    On several GPUs: torchrun --nproc-per-node 8 --no-python realtime-fer train expllm ...
    """
    if (model is None) != (vicuna is not None and dinov2 is not None) or (model is not None and (vicuna or dinov2)):
        raise click.UsageError("expected --model alone, or --vicuna and --dinov2 together")
    from realtime_fer.training.expllm.run import train_expllm
    from realtime_fer.training.expllm.start import Start

    start = Start(model) if vicuna is None else Start(vicuna, dinov2)  # type: ignore[arg-type]  # one of them, see above
    trained = train_expllm(start=start, merge_out=merge_out, **asked)
    following = "" if merge_out else "; next: the same command with --resume --merge-out FOLDER"
    click.echo(f"adapters and projector: {trained}{following}")
