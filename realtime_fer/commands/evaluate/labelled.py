"""`realtime-fer evaluate --protocol labelled`: an expression classifier on any labelled data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from realtime_fer.commands.evaluate.options import REPORT_NAME, write_report
from realtime_fer.commands.progress_bar import shown_progress

if TYPE_CHECKING:
    from realtime_fer.commands.evaluate.options import Asked
    from realtime_fer.datasets.labelled_faces import LabelledSet
    from realtime_fer.zoo.shelf import ShelvedModel


def evaluate_labelled_data(
    model: ShelvedModel, asked: Asked, dataset: str, part: Literal["train", "test"], fold: int | None
) -> None:
    """A data set by its name in `datasets.choose`."""
    from realtime_fer.datasets.choose import FOLD_COUNTS, open_labelled
    from realtime_fer.evaluation.classifier_answers import expression_manifest
    from realtime_fer.evaluation.labelled_protocol import PROTOCOL

    expression_manifest(model)  # a model of another kind is known before a large data set is read
    data = open_labelled(dataset, asked.data, part, fold=fold)
    # One file is one part, whatever was asked for; its name says which.
    about = {"data": asked.data.name, "part": None if asked.data.is_file() else part}
    evaluate_set(model, asked, data, PROTOCOL, {**about, "fold": fold, "folds": None if fold is None else FOLD_COUNTS[dataset]})


def evaluate_set(model: ShelvedModel, asked: Asked, data: LabelledSet, protocol: str, about: dict[str, Any]) -> None:
    """Score a model on a data set, print the figures, and write what the options ask for.

    Args:
        protocol: name for the report.
        about: for the report: `data`, the folder's or file's name, `part`, `fold` and `folds`, how many there are.
    """
    from realtime_fer.evaluation.labelled_failures import write_labelled_failures
    from realtime_fer.evaluation.labelled_protocol import evaluate_labelled

    asked.require_drawing()
    with shown_progress("faces") as progress:
        run = evaluate_labelled(
            model,
            data,
            about=about,
            protocol=protocol,
            common_classes=asked.common_classes,
            margin=asked.margin,
            resize=asked.resize,
            threads=asked.threads,
            bootstrap_draws=asked.draws,
            progress=progress,
        )
    report, manifest = run.report, model.manifest
    where = f"{data.name} {about['part'] or about['data']}" + ("" if about["fold"] is None else f", fold {about['fold']}")
    if asked.out is not None:
        title = f"{manifest.name}, {where}, n = {report.n}, WAR {report.war:.3f}, UAR {report.uar:.3f}"
        write_report(asked.out, REPORT_NAME, report.as_json(), report.confusion, report.classes, title)
    if asked.failures is not None:
        click.echo(f"wrote {write_labelled_failures(asked.failures, data, run)}")
    if asked.as_json:
        click.echo(report.as_json())
        return
    click.echo(f"{manifest.name} {manifest.version} {model.precision}, {asked.data}, {protocol} ({where}), n = {report.n}")
    left = report.about["left_out"]
    if left["dataset_classes"] or left["model_classes"]:
        faces, answers = (", ".join(left[name]) or "none" for name in ("dataset_classes", "model_classes"))
        click.echo(
            f"  on the {len(report.classes)} common classes; left out: of the data {faces} ({left['faces']} faces), "
            f"of the model's answers {answers}"
        )
    click.echo(report.as_text())
