"""`realtime-fer card`: measure a shipped model and write its CARD.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="A detector: folder with val/ (YOLO layout) and negatives/. A classifier: the FER+ validation faces (npz).",
)
@click.option("--run", type=_FOLDER, help="Folder of the training run: its curves, and a classifier's recipe (last.pt).")
@click.option(
    "--training-command",
    help="What made the weights, as typed; goes to the card word for word. A detector's may stand in its NOTES.md instead.",
)
@click.option("--notes", type=_FILE, help="Markdown for the end of the card.  [default: the model's NOTES.md]")
@click.option("--cpu", default="x86-64", show_default=True, help="What the speed is measured on, for the card.")
@click.option("--draws", type=click.IntRange(1), help="Of the bootstrap.  [default: 1000 detector, 2000 classifier]")
def card(
    name: str,
    data: Path,
    run: Path | None,
    training_command: str | None,
    notes: Path | None,
    cpu: str,
    draws: int | None,
) -> None:
    """Measure the shipped model NAME (or the model folder at that path) and write CARD.md beside it.

    Every figure of the card is measured now, on the file that ships; what a person knows about the model stands in its
    NOTES.md and is taken over. Takes minutes.
    """
    from realtime_fer.zoo.manifest import ChainManifest, DetectorManifest, ExpressionManifest
    from realtime_fer.zoo.shelf import find_model, verify_model

    model = find_model(name)
    verify_model(model)
    if notes is None and (model.folder / "NOTES.md").is_file():
        notes = model.folder / "NOTES.md"
    asked: dict[str, Any] = {"data": data, "run": run, "training_command": training_command, "notes": notes, "cpu": cpu}
    asked["progress"] = lambda line: click.echo(line, err=True)
    if draws is not None:
        asked["draws"] = draws
    write: Callable[..., object]
    if isinstance(model.manifest, DetectorManifest):
        from realtime_fer.training.detection.card import write_detector_card

        write = write_detector_card
    else:
        if not isinstance(model.manifest, ChainManifest | ExpressionManifest):
            raise click.UsageError(f"{model.manifest.name}: cards are for models that ship, not for {model.manifest.task}")
        if run is None or training_command is None:
            raise click.UsageError(f"{model.manifest.name}: its card needs --run and --training-command")
        if isinstance(model.manifest, ChainManifest):
            from realtime_fer.training.chain_of_affect_tiny.card import write_tiny_card

            write = write_tiny_card
        else:
            from realtime_fer.training.emotion_gcn_ferplus.card import write_card

            write = write_card
    write(model.folder, **asked)
    click.echo(f"wrote {model.folder / 'CARD.md'}")
