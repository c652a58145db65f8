"""`realtime-fer train emotion-gcn`: Emotion-GCN and its two plainer relatives; defaults as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.config_file import config_option
from realtime_fer.datasets.choose import NAMES
from realtime_fer.training.emotion_gcn import recipe as published

_PATH = click.Path(path_type=Path)
_POSITIVE = click.IntRange(1)
_RATE = click.FloatRange(0, 1, max_open=True)


@click.command(name="emotion-gcn")
@config_option
@click.option("--data", type=_PATH, required=True, help="Folder or file of the set, as its owners distribute it.")
@click.option("--dataset", type=click.Choice(NAMES), required=True, help="Which set that is; its labels keep its order.")
@click.option("--fold", type=click.IntRange(0), help="Tenth of the people not trained on, of a set without its own split.")
@click.option(
    "--network",
    type=click.Choice(list(published.BACKBONES)),
    default="densenet",
    show_default=True,
    help="DenseNet-121 or BReG-NeXt-50.",
)
@click.option(
    "--model",
    type=click.Choice(list(published.KINDS)),
    default="emotion_gcn",
    show_default=True,
    help="Label graph, two plain heads, or expressions alone; the first two need valence and arousal.",
)
@click.option("--out", type=_PATH, default=Path("runs/emotion-gcn"), show_default=True, help="Run folder.")
@click.option(
    "--embeddings",
    type=_PATH,
    help="Word vectors for emotion_gcn: GloVe or any text table of word vectors, .npy, the authors' emb.pkl.",
)
@click.option("--pretrained", type=_PATH, help="torchvision's ImageNet weights of DenseNet-121, as published; default random.")
@click.option(
    "--size",
    "size_px",
    type=_POSITIVE,
    help="Side of a face, pixels.  [default: as published, 227 for densenet on affectnet, else 112]",
)
@click.option("--epochs", type=_POSITIVE, default=published.PUBLISHED_EPOCHS, show_default=True)
@click.option(
    "--batch",
    type=click.IntRange(2),
    default=published.PUBLISHED_BATCH,
    show_default=True,
    help="Faces a step, on all processes.",
)
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=published.LEARNING_RATE, show_default=True)
@click.option("--momentum", type=_RATE, default=published.MOMENTUM, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(0), default=published.WEIGHT_DECAY, show_default=True)
@click.option("--decay-every", type=_POSITIVE, default=published.DECAY_EVERY, show_default=True, help="Epochs.")
@click.option(
    "--decay-factor",
    type=click.FloatRange(0, 1, min_open=True),
    default=published.DECAY_FACTOR,
    show_default=True,
    help="Of the learning rate, then.",
)
@click.option(
    "--class-weights",
    type=click.Choice(published.CLASS_WEIGHTS),
    help="AffectNet's published 3803 / count, rarest / count of these faces, or none.  [default: as published: affectnet on "
    "affectnet, none on affwild2; counts elsewhere]",
)
@click.option(
    "--rotation",
    "rotation_degrees",
    type=click.FloatRange(0, 180),
    default=published.ROTATION_DEGREES,
    show_default=True,
    help="Faces are turned by at most so many degrees either way.",
)
@click.option(
    "--held-out",
    type=_RATE,
    default=published.HELD_OUT,
    show_default=True,
    help="Share of the training faces kept for figures, whole people where they are known; the authors kept none.",
)
@click.option("--test-figures", is_flag=True, help="Also measure on the test part after each epoch; nothing is chosen by it.")
@click.option(
    "--select",
    type=click.Choice(published.SELECTIONS),
    default="last",
    show_default=True,
    help="Also keep the epoch of highest accuracy; best-on-test is the authors' way, and spoils the test.",
)
@click.option(
    "--precision", type=click.Choice(published.PRECISIONS), default="float32", show_default=True, help="Mixed unless float32."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--limit", type=click.IntRange(2), help="At most so many training faces, for a trial.")
@click.option("--workers", type=click.IntRange(0), default=4, show_default=True, help="Processes that prepare faces.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=_POSITIVE, help="Of the CPU; default all.")
@click.option("--stop-after", type=_POSITIVE, help="Leave after so many epochs of the schedule, to resume later.")
@click.option(
    "--resume", is_flag=True, help="Go on from the checkpoint in the run folder, with its recipe, to the same result."
)
def emotion_gcn(
    data: Path,
    dataset: str,
    out: Path,
    embeddings: Path | None,
    pretrained: Path | None,
    test_figures: bool,
    workers: int,
    device: str,
    threads: int | None,
    stop_after: int | None,
    resume: bool,
    **chosen: Any,
) -> None:
    """Emotion-GCN: expressions, valence and arousal, tied by a graph of the set's own labels.

    On several GPUs: torchrun --nproc-per-node 2 --no-python realtime-fer train emotion-gcn ...
    """
    from realtime_fer.training.emotion_gcn.run import train_emotion_gcn
    from realtime_fer.training.loop.progress import shown_progress

    chosen["size_px"] = chosen["size_px"] or published.published_size(chosen["network"], dataset)
    chosen["class_weights"] = chosen["class_weights"] or published.published_class_weights(dataset)
    recipe = published.EmotionGcnRecipe(dataset=dataset, **chosen)
    with shown_progress(click.echo) as progress:
        train_emotion_gcn(
            data=data,
            out=out,
            recipe=recipe,
            embeddings=embeddings,
            pretrained=pretrained,
            test_figures=test_figures,
            device=device,  # type: ignore[arg-type]  # click has checked it
            workers=workers,
            threads=threads,
            resume=resume,
            stop_after=stop_after,
            progress=progress,
        )
