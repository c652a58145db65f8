"""What the protocols for expression classifiers have in common: their options, and the files they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from realtime_fer.evaluation.face_fitting import Resize

BOOTSTRAP_DRAWS: Final = 2000
REPORT_NAME: Final = "report.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say, whichever the protocol.

    Attributes:
        data: folder or file.
        as_json: print one JSON line.
        threads: of one run of the network.
        out: folder for report.json and confusion.png.
        failures: folder for a contact sheet.
        common_classes, margin, resize: see `labelled_protocol.evaluate_labelled`.
    """

    data: Path
    as_json: bool
    threads: int
    out: Path | None = None
    failures: Path | None = None
    common_classes: bool = False
    margin: float | None = None
    resize: Resize = "service"

    @property
    def draws(self) -> int:
        """Programs get no bootstrap intervals: a second saved."""
        return 0 if self.as_json else BOOTSTRAP_DRAWS

    def require_drawing(self) -> None:
        """Before hours of evaluation, say whether its picture could be drawn.

        Raises:
            MissingExtraError: matplotlib is needed and not installed.
        """
        if self.out is not None:
            from realtime_fer.evaluation.confusion_picture import require_drawing

            require_drawing()


def write_report(
    out: Path, name: str, report: str, confusion: npt.NDArray[np.integer[Any]], classes: Sequence[str], title: str
) -> None:
    """Write a report and the picture of its confusion to a folder, made when absent, and say so.

    Raises:
        DatasetError: they cannot be written there.
        MissingExtraError: matplotlib is not installed.
    """
    from realtime_fer.errors import DatasetError
    from realtime_fer.evaluation.confusion_picture import CONFUSION_NAME, draw_confusion

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(report + "\n", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{out}: cannot write the report ({error.strerror}); name a folder you may write to") from error
    click.echo(f"wrote {out / name}")
    click.echo(f"wrote {draw_confusion(out / CONFUSION_NAME, confusion, classes, title)}")
