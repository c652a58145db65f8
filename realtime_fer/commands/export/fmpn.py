"""`realtime-fer export fmpn`: from weights of FMPN-FER, the authors' or our own, to a model folder."""

from __future__ import annotations

from pathlib import Path

import click

from realtime_fer.commands.export.written import written

_PATH = click.Path(path_type=Path)


@click.command(name="fmpn")
@click.option(
    "--weights",
    type=_PATH,
    required=True,
    help="The checkpoint of `realtime-fer train fmpn --stage classifier`; or a folder with the authors' "
    "<epoch>_net_resface.pth, _net_fusion.pth and _net_cls.pth, or one of these files.",
)
@click.option("--out", type=_PATH, default=Path("models/fmpn"), show_default=True)
@click.option("--epoch", help="Of the authors' files; default the last.")
@click.option("--size", "size_px", type=click.IntRange(4), help="Side of a face, for the authors' files; default 299.")
@click.option("--labels", help="Of the outputs, in their order, with commas; default those of CK+ (7) or MMI (6).")
@click.option("--mask/--no-mask", "with_mask", default=True, show_default=True, help="Also write the motion mask.")
@click.option("--half", is_flag=True, help="Store the weights in float16: half the file.")
@click.option(
    "--margin",
    type=click.FloatRange(-0.3, 1.0),
    help="Around a detector's box on each side, as a share of its longer side, to get faces like those trained on; default 0 "
    "for our own checkpoints and -0.15 for the authors' files.",
)
@click.option("--version", default="1.0", show_default=True)
@click.option("--licence", help="SPDX identifier of the weights' licence.")
@click.option("--trained-on", help="Which data, for the manifest.")
def fmpn(
    weights: Path,
    out: Path,
    epoch: str | None,
    size_px: int | None,
    labels: str | None,
    with_mask: bool,
    half: bool,
    margin: float | None,
    version: str,
    licence: str | None,
    trained_on: str | None,
) -> None:
    """FMPN-FER with its motion mask."""
    from realtime_fer.training.fmpn.export import export_fmpn

    stated = {"licence": licence, "licence_note": licence and "As stated at the export.", "trained_on": trained_on}
    path = export_fmpn(
        weights,
        out,
        epoch=epoch,
        size_px=size_px,
        labels=None if labels is None else [label.strip() for label in labels.split(",")],
        with_mask=with_mask,
        half=half,
        margin=margin,
        version=version,
        **{name: value for name, value in stated.items() if value is not None},
    )
    click.echo(written(path))
