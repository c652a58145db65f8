"""`realtime-fer train fmpn`: both stages of FMPN-FER."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.config_file import config_option

_PATH = click.Path(path_type=Path)


@click.command(name="fmpn")
@config_option
@click.option(
    "--data",
    type=_PATH,
    required=True,
    help="ferplus_train.npz, or a folder with a sub-folder of faces for each class.",
)
@click.option(
    "--layout",
    type=click.Choice(["folders", "fmpn"]),
    default="folders",
    show_default=True,
    help="fmpn: --data is the authors' folder of CK+ or MMI, with imgs, lists, labels and imgs_res (ready masks).",
)
@click.option("--fold", type=click.IntRange(0, 9), help="With --layout fmpn: the fold whose people are left out.")
@click.option("--out", type=_PATH, default=Path("runs/fmpn"), show_default=True, help="Run folder of both stages.")
@click.option(
    "--stage",
    type=click.Choice(["masks", "classifier"]),
    required=True,
    help="masks trains the mask generator alone; classifier, after it, all three parts.",
)
@click.option("--epochs", type=click.IntRange(1), help="Default as published: 300 for masks, 200 for classifier.")
@click.option("--decay-epochs", type=click.IntRange(0), help="Of these, at the end, with a falling rate; default half.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="On all processes. Default as published: 32 for masks, 16 for classifier; 128 with one-cycle.",
)
@click.option(
    "--classifier",
    type=click.Choice(["inception", "compact"]),
    default="inception",
    show_default=True,
    help="compact is the shipped classifier's small network, for grey faces of 48 pixels; tell both stages.",
)
@click.option(
    "--backbone",
    type=click.Choice(["small", "medium", "large", "huge"]),
    default="small",
    show_default=True,
    help="Of the compact classifier.",
)
@click.option(
    "--dropout", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True, help="Of the compact classifier."
)
@click.option("--without-mask", is_flag=True, help="The stage classifier sees the whole grey face, for comparison.")
@click.option(
    "--schedule",
    type=click.Choice(["published", "one-cycle"]),
    default="published",
    show_default=True,
    help="one-cycle teaches as `train emotion-gcn-ferplus` does, to compare with it; faces are grey.",
)
@click.option(
    "--camera-share",
    type=click.FloatRange(0, 3),
    default=1.0,
    show_default=True,
    help="Of faces shown small, blurred, grainy or compressed, with one-cycle.",
)
@click.option("--learning-rate", type=click.FloatRange(0, 1), help="Default as published: 1e-4; with one-cycle 3e-3.")
@click.option(
    "--generator-learning-rate",
    type=click.FloatRange(0, 1),
    help="Of the mask generator in the stage classifier. Default as published: 1e-5; with one-cycle a tenth of the other rate.",
)
@click.option(
    "--weight-decay", type=click.FloatRange(0), default=0.05, show_default=True, help="With one-cycle; published: none."
)
@click.option(
    "--mask-weight",
    type=click.FloatRange(0),
    default=0.1,
    show_default=True,
    help="Of the mask's error in the stage classifier: 0.1 in the authors' code; the paper is quoted with 10.",
)
@click.option(
    "--size", "size_px", type=click.IntRange(4), help="Side of a face, 0 or 3 modulo 4, pixels; default 299, 48 for compact."
)
@click.option("--channels", type=click.IntRange(1), default=64, show_default=True, help="Of the mask generator.")
@click.option("--blocks", type=click.IntRange(0), default=4, show_default=True, help="Of the mask generator.")
@click.option("--norm", type=click.Choice(["batch", "instance", "none"]), default="batch", show_default=True)
@click.option("--width", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True, help="Of Inception v3.")
@click.option("--neutral", default="neutral", show_default=True, help="Name of the class that masks are measured from.")
@click.option("--without-neutral", is_flag=True, help="Neutral faces make the masks and are no class, as published.")
@click.option("--masks", type=_PATH, help="Folder of ready masks, <class>.png or <number>.png; default: made of the data.")
@click.option(
    "--people-in-names",
    is_flag=True,
    help="Picture names begin with who they show, up to the first _: masks compare faces of one person, as published.",
)
@click.option(
    "--generator", type=_PATH, help="A mask generator to begin the stage classifier with: last.pt or <epoch>_net_resface.pth."
)
@click.option("--pretrained", type=_PATH, help="torchvision's ImageNet weights of Inception v3, as published; default random.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    help="Share of the faces kept from training, for figures and the temperature; 0 as published.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--mixed-precision",
    type=click.Choice(["no", "bf16", "fp16"]),
    help="Default no, in float32 as published; bf16 with one-cycle.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Of the CPU; default all.")
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True, help="Processes that make samples.")
@click.option("--limit", type=click.IntRange(1), help="At most so many training faces, for a trial.")
@click.option("--stop-after", type=click.IntRange(1), help="Leave after so many epochs of the schedule, to resume later.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of the stage, to the same result.")
def fmpn(**settings: Any) -> None:
    """FMPN-FER: where an expression moves the face, and which it is. Two stages, one after the other.

    On several GPUs: torchrun --nproc-per-node 2 --no-python realtime-fer train fmpn ...
    """
    from realtime_fer.training.fmpn.run import train_fmpn
    from realtime_fer.training.loop.progress import shown_progress

    with shown_progress(click.echo) as progress:
        train_fmpn(**settings, progress=progress)
