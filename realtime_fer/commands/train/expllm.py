"""`realtime-fer train expllm`: adapters and projector of ExpLLM; the defaults are the published recipe for RAF-DB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.train.vlm_options import POSITIVE, step_options
from realtime_fer.training.expllm.recipe import PRECISIONS, PUBLISHED, QUESTION_ORDERS, ExpLlmRecipe

_FOLDER = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1, max_open=True)


@click.command(name="expllm")
@click.option("--model", type=_FOLDER, help="Folder of a whole ExpLLM checkpoint to go on from, published or converted.")
@click.option("--vicuna", type=_FOLDER, help="Or: folder of lmsys/vicuna-7b-v1.5 ...")
@click.option("--dinov2", type=_FOLDER, help="... and dinov2_vitl14_pretrain.pth, with new adapters and a new projector.")
@click.option("--data", type=_FOLDER, required=True, help="List of sources: lines of annotations.json,folder[,repeat].")
@click.option("--root", type=_FOLDER, help="Where relative paths in the list start.  [default: here]")
@click.option(
    "--out",
    type=_FOLDER,
    default=Path("runs/expllm"),
    show_default=True,
    help="Run folder: checkpoint, history, curves, and what was trained in trained/.",
)
@click.option("--merge-out", type=_FOLDER, help="Write the whole model there at the end, for the reasoner.")
@click.option(
    "--questions",
    type=click.Choice(QUESTION_ORDERS),
    default=PUBLISHED.questions,
    show_default=True,
    help="fixed: description, then label (RAF-DB); random: in an order drawn each time (AffectNet).",
)
@click.option("--warm-up-ratio", type=_SHARE, default=PUBLISHED.warm_up_ratio, show_default=True)
@click.option("--rank", type=POSITIVE, default=PUBLISHED.rank, show_default=True, help="Of the adapters.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, min_open=True),
    default=PUBLISHED.alpha,
    show_default=True,
    help="The adapters' scale is alpha / rank.",
)
@click.option("--dropout", type=_SHARE, default=PUBLISHED.dropout, show_default=True, help="In front of the adapters.")
@click.option("--augmentation/--no-augmentation", default=PUBLISHED.augmentation, show_default=True)
@click.option(
    "--max-tokens", type=POSITIVE, default=PUBLISHED.max_tokens, show_default=True, help="Longer conversations lose their end."
)
@click.option("--precision", type=click.Choice(PRECISIONS), default=PUBLISHED.precision, show_default=True)
@step_options(PUBLISHED)
def expllm(
    model: Path | None,
    vicuna: Path | None,
    dinov2: Path | None,
    data: Path,
    root: Path | None,
    out: Path,
    merge_out: Path | None,
    workers: int,
    device: str,
    threads: int | None,
    stop_after: int | None,
    resume: bool,
    **recipe: Any,
) -> None:
    """ExpLLM's adapters and projector, on labels and chains of thought (extras: train, vlm).

    On several GPUs: torchrun --nproc-per-node 8 --no-python realtime-fer train expllm ...
    """
    if (model is None) != (vicuna is not None and dinov2 is not None) or (model is not None and (vicuna or dinov2)):
        raise click.UsageError("expected --model alone, or --vicuna and --dinov2 together")
    from realtime_fer.training.expllm.run import train_expllm
    from realtime_fer.training.expllm.start import Start

    start = Start(model) if vicuna is None else Start(vicuna, dinov2)  # type: ignore[arg-type]  # one of them, see above
    trained = train_expllm(
        start=start,
        data=data,
        root=root,
        out=out,
        recipe=ExpLlmRecipe(**recipe),
        merge_out=merge_out,
        device=device,  # type: ignore[arg-type]  # click has checked it
        workers=workers,
        threads=threads,
        stop_after=stop_after,
        resume=resume,
        progress=click.echo,
    )
    following = "" if merge_out else "; next: the same command with --resume --merge-out FOLDER"
    click.echo(f"adapters and projector: {trained}{following}")
