"""The faces of a frame as a table for a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from realtime_fer.publishing.message import FaceMessage
from realtime_fer.publishing.terminal_text import printable

_BAR_WIDTH = 16
_COLUMNS = ("id", "expression", "probability", "valence", "arousal", "box x, y, w x h", "seen", "age")
_NUMBERS = ("id", "valence", "arousal", "age")
_GIVES_WAY = ("age", "seen", "box x, y, w x h", "arousal", "valence", "probability")
"""Left out where the terminal is narrow, one after the other: squeezed, they could not be read anyway."""


class FaceTable:
    """One row a face; which one it is and what it expresses is always there."""

    def __init__(self, faces: Sequence[FaceMessage]) -> None:
        self._faces = faces
        self._rows = [_cells(face) for face in faces]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Table]:
        unlimited = options.update(max_width=10_000)
        table = self._table(without=())
        for left_out in range(1, len(_GIVES_WAY) + 1):
            if Measurement.get(console, unlimited, table).maximum <= options.max_width:
                break
            table = self._table(without=_GIVES_WAY[:left_out])
        yield table

    def _table(self, without: Sequence[str]) -> Table:
        shown = [name for name in _COLUMNS if name not in without]
        table = Table(expand=False, show_edge=False, pad_edge=False)
        for name in shown:
            table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
        for face, row in zip(self._faces, self._rows, strict=True):
            table.add_row(*(row[name] for name in shown), style="" if face.detected else "dim")
        if not self._rows:
            table.add_row("", Text("no face", style="dim"))
        return table


def _cells(face: FaceMessage) -> dict[str, str | Text]:
    expression = face.expression
    left, top, right, bottom = face.bbox_xyxy
    return {
        "id": Text(str(face.track_id), style="bold"),
        "expression": printable(expression.label) if expression else "not classified",
        "probability": _bar(expression.confidence) if expression else "",
        "valence": _signed(expression.valence if expression else None),
        "arousal": _signed(expression.arousal if expression else None),
        "box x, y, w x h": f"{left:.0f}, {top:.0f}, {right - left:.0f} x {bottom - top:.0f}",
        "seen": "detected" if face.detected else f"predicted {face.missed_frames}",
        "age": str(face.age_frames),
    }


def _bar(probability: float) -> Text:
    filled = round(probability * _BAR_WIDTH)
    return Text.assemble(("█" * filled, "green"), ("░" * (_BAR_WIDTH - filled), "dim"), f" {probability:4.0%}")


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
