"""`realtime-fer evaluate --protocol ferplus-majority`: an expression classifier on FER+."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from realtime_fer.commands.evaluate.options import REPORT_NAME, write_report

if TYPE_CHECKING:
    from realtime_fer.commands.evaluate.options import Asked
    from realtime_fer.zoo.manifest import ExpressionManifest
    from realtime_fer.zoo.shelf import ShelvedModel


def evaluate_on_ferplus(model: ShelvedModel, asked: Asked) -> None:
    """The shipped kind of classifier on FER+ as the service runs it, with what its limit for `unknown` does; any other
    expression classifier is scored on the same faces by the way of `labelled`."""
    from realtime_fer.evaluation.classifier_answers import expression_manifest
    from realtime_fer.labels import FERPLUS_LABELS

    manifest = expression_manifest(model)
    usual = manifest.labels == FERPLUS_LABELS and manifest.crop.colour == "grey" and not manifest.motion_mask
    if usual and asked.margin is None and asked.resize == "service":
        _as_the_service(model, manifest, asked)
        return
    from realtime_fer.commands.evaluate.labelled import evaluate_set
    from realtime_fer.datasets.choose import open_labelled
    from realtime_fer.evaluation.ferplus_protocol import PROTOCOL

    about = {"data": asked.data.name, "part": None, "fold": None, "folds": None}
    evaluate_set(model, asked, open_labelled("ferplus", asked.data, "test"), PROTOCOL, about)


def _as_the_service(model: ShelvedModel, manifest: ExpressionManifest, asked: Asked) -> None:
    from realtime_fer.evaluation.ferplus_failures import write_ferplus_failures
    from realtime_fer.evaluation.ferplus_protocol import evaluate_ferplus

    asked.require_drawing()
    crop, threads = manifest.crop, asked.threads
    if asked.failures is not None:
        sheet = write_ferplus_failures(
            asked.failures,
            model.weights,
            asked.data,
            size_px=crop.size_px,
            temperature=manifest.temperature,
            intra_op_threads=threads,
        )
        click.echo(f"wrote {sheet}")
    report = evaluate_ferplus(
        model.weights,
        asked.data,
        size_px=crop.size_px,
        temperature=manifest.temperature,
        bootstrap_draws=asked.draws,
        intra_op_threads=threads,
        unknown_below=None if manifest.abstention is None else manifest.abstention.unknown_below,
    )
    if asked.out is not None:
        title = f"{manifest.name}, FER+ majority, n = {report.n}, WAR {report.war:.3f}, UAR {report.uar:.3f}"
        write_report(asked.out, REPORT_NAME, report.as_json(), report.confusion, list(report.per_class), title)
    if asked.as_json:
        click.echo(report.as_json())
        return
    click.echo(f"{manifest.name} {manifest.version} {model.precision}, {asked.data}, FER+ majority protocol, n = {report.n}")
    click.echo(report.as_text())
    if report.answered is not None:
        a = report.answered
        others = (
            "" if math.isnan(a["share_unclear"]) else f"; of the faces that do not count, {a['share_unclear']:.1%} are answered"
        )
        click.echo(
            f"  unknown below {a['limit']}: {a['share']:.1%} of them are answered, {a['accuracy']:.1%} of the answers "
            f"are right{others}"
        )
