"""The report for people: tables with blanks where a peer could not run, and who is better in what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column as TableColumn
from rich.table import Table

Row = dict[str, Any]
"""`name`, `ours`, and the figures, or `blank` with the reason why there are none."""

BLANK = "-"


@dataclass(frozen=True)
class Column:
    """One figure.

    Attributes:
        heading: of the column.
        path: keys that lead to the figure in a row.
        better: which of two figures is the better one.
        form: how it is written.
    """

    heading: str
    path: tuple[str, ...]
    better: str
    form: str = "{:.3f}"

    def value(self, row: Row) -> float | None:
        """The figure; None where the row has none."""
        inner: Any = row
        for key in self.path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        return None if inner is None else float(inner)

    def text(self, row: Row) -> str:
        """The figure as it stands in the table."""
        value = self.value(row)
        return BLANK if value is None else self.form.format(value)


DETECTOR_COLUMNS = (
    Column("AP50 >=12 px", ("ap50_12px", "all"), "high"),
    Column("AP50 >=16 px", ("ap50_16px", "all"), "high"),
    Column("AP50 >=16 px, boxed by people", ("ap50_16px", "mk+rf"), "high"),
    Column("recall 40-300 px", ("recall_40_300px", "all"), "high"),
    Column("recall 40-300 px, overlap 0.3", ("recall_40_300px_at_0.3", "all"), "high"),
    Column("false faces, negatives", ("false_faces_negatives",), "low"),
    Column("false faces, unseen", ("false_faces_unseen",), "low"),
    Column("ms a picture", ("ms_p50",), "low", "{:.1f}"),
    Column("CPU s a picture", ("cpu_s",), "low", "{:.4f}"),
)
EXPRESSION_COLUMNS = (
    Column("faces", ("n",), "", "{:.0f}"),
    Column("accuracy", ("accuracy",), "high"),
    Column("UAR, 8 classes", ("uar",), "high"),
    Column("UAR without contempt", ("uar_without_contempt",), "high"),
    Column("ECE", ("ece",), "low"),
    Column("ms a face", ("ms_p50",), "low"),
    Column("CPU s a face", ("cpu_s",), "low", "{:.5f}"),
)
VIDEO_COLUMNS = (
    Column("frames", ("frames",), "", "{:.0f}"),
    Column("with a face", ("frames_with_face",), "", "{:.0f}"),
    Column("faces a frame", ("faces_per_frame",), "", "{:.2f}"),
    Column("frames a second", ("fps",), "high", "{:.1f}"),
    Column("CPU ms a frame", ("cpu_ms_per_frame",), "low", "{:.1f}"),
)


def comparison_table(title: str, rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """One line a row, the best figure of each column in bold, a blank line for whoever could not run."""
    table = Table(TableColumn("", no_wrap=True), *(column.heading for column in columns), title=title, title_justify="left")
    best = {column: _best(rows, column) for column in columns}
    for row in rows:
        cells = []
        for column in columns:
            value = column.value(row)
            text = column.text(row)
            cells.append(f"[bold]{text}[/bold]" if value is not None and value == best[column] else text)
        name = f"{row['name']} (ours)" if row["ours"] else row["name"]
        table.add_row(name, *cells)
    return table


def verdicts(rows: Sequence[Row], columns: Sequence[Column]) -> list[str]:
    """For each of ours against each peer: what is better, what is worse; and why a row is blank."""
    lines = [f"{row['name']}: blank, {row['blank']}" for row in rows if "blank" in row]
    peers = [row for row in rows if not row["ours"] and "blank" not in row]
    for ours in rows:
        if not ours["ours"] or "blank" in ours:
            continue
        for peer in peers:
            better: list[str] = []
            worse: list[str] = []
            for column in columns:
                a, b = column.value(ours), column.value(peer)
                if not column.better or a is None or b is None or a == b:
                    continue
                (better if (a > b) == (column.better == "high") else worse).append(column.heading)
            lines.append(
                f"{ours['name']} against {peer['name']}: better in {', '.join(better) or 'nothing'}; "
                f"worse in {', '.join(worse) or 'nothing'}"
            )
    return lines


def print_section(console: Console, title: str, rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> None:
    """Table, verdicts and notes."""
    console.print(comparison_table(title, rows, columns))
    for line in verdicts(rows, columns):
        console.print(line, markup=False, highlight=False)
    for note in notes:
        console.print(f"Note: {note}", markup=False, highlight=False)
    console.print()


def _best(rows: Sequence[Row], column: Column) -> float | None:
    values = [value for row in rows if (value := column.value(row)) is not None]
    if not column.better or not values:
        return None
    return max(values) if column.better == "high" else min(values)
