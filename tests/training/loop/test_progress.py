from __future__ import annotations

import io

from rich.console import Console

from realtime_fer.training.loop.progress import PlainProgress, SilentProgress, shown_progress, told


def test_lines_at_once_and_steps_now_and_then() -> None:
    lines: list[str] = []
    now_s = 0.0
    progress = PlainProgress(lines.append, every_s=20, now_s=lambda: now_s)
    progress.line("begin")
    for step in range(1, 6):
        now_s += 9
        progress.step("epoch 1/2", step, 5, f"loss {step}")
    assert lines == ["begin", "epoch 1/2, step 3/5, loss 3"]


def test_lines_where_there_is_no_terminal() -> None:
    lines: list[str] = []
    drawn = io.StringIO()
    with shown_progress(lines.append, Console(file=drawn)) as progress:
        progress.line("epoch 1, loss 2")
        progress.step("epoch 1/2", 1, 5, "loss 2")
    assert (lines, drawn.getvalue()) == (["epoch 1, loss 2"], "")


def test_a_bar_on_a_terminal_and_lines_above_it() -> None:
    lines: list[str] = []
    drawn = io.StringIO()
    with shown_progress(lines.append, Console(file=drawn, force_terminal=True, width=100)) as progress:
        progress.line("[begin]")
        assert "epoch" not in drawn.getvalue()
        for step in range(1, 6):
            progress.step("epoch 1/2", step, 5, "loss 0.5")
    assert lines == []
    text = drawn.getvalue()
    assert "[begin]" in text
    assert "epoch 1/2" in text
    assert "5/5" in text
    assert "loss 0.5" in text


def test_other_processes_say_nothing(capsys: object) -> None:
    silent = SilentProgress()
    silent.line("x")
    silent.step("epoch 1/2", 1, 2, "loss 1")
    assert capsys.readouterr() == ("", "")  # type: ignore[attr-defined]


def test_a_row_as_a_line() -> None:
    assert told({"epoch": 1.0, "loss": 1.23456, "ccc": float("nan")}) == "epoch 1, loss 1.235"
