from __future__ import annotations

import pytest

from realtime_fer.commands.progress_bar import TELL_EVERY, shown_progress


def test_a_line_now_and_then_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    total = 2 * TELL_EVERY + 1
    with shown_progress("faces") as progress:
        for done in range(0, total + 1):
            progress(done, total)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{done}/{total} faces" for done in (0, TELL_EVERY, 2 * TELL_EVERY, total)]


def test_batches_that_jump_over_a_hundred_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as progress:
        for done in range(0, 241, 24):
            progress(done, 1000)
    assert [line.split("/")[0] for line in capsys.readouterr().err.splitlines()] == ["0", "120", "216"]
