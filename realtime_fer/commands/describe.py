"""`realtime-fer describe`: what a reasoner says of every face of a picture, a folder or a film."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime_fer.commands.reasoner_options import read_reasoner_options
from realtime_fer.reasoning.choose import REASONERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime_fer.pipeline.fast_path import FastPath
    from realtime_fer.reasoning.listener import Listener
    from realtime_fer.types import TrackedExpression

EXIT_INCOMPLETE = 1

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("path")
@click.option(
    "--reasoner", type=click.Choice(list(REASONERS)), default="chain-of-affect-tiny", show_default=True, help="Who is asked."
)
@click.option("--reasoner-factory", metavar="MODULE:FUNCTION", help="A reasoner of your own instead.")
@click.option(
    "--reasoner-option",
    "reasoner_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Keyword option of the reasoner, the value read as YAML; may be repeated.",
)
@click.option("--profile", type=_FILE, help="Settings of the fast path from a YAML file, or a shipped profile by name.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Films: one frame in so many seconds.",
)
@click.option(
    "--out", type=_FILE, metavar="FILE", help="Keep the answers, one JSON line a picture or frame; goes on where it stopped."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture or frame.")
def describe(
    path: str,
    reasoner: str,
    reasoner_factory: str | None,
    reasoner_options: tuple[str, ...],
    profile: Path | None,
    every_s: float,
    out: Path | None,
    as_json: bool,
) -> int:
    """Describe every face of PATH: a picture, a folder of pictures, a film or demo:N.

    What the reasoner says is set beside what the fast path measured; a claim that nothing was measured about stays unknown.

    Exit code: 0; 1 where a picture could not be read or a face got no answer; 2 for bad usage or input.
    """
    options = read_reasoner_options(reasoner_options)
    from realtime_fer.describing.as_text import moment_lines
    from realtime_fer.describing.described_moment import describe_moment, moment_values
    from realtime_fer.describing.log import DescriptionLog
    from realtime_fer.describing.moments import moments
    from realtime_fer.errors import ReasoningError
    from realtime_fer.fingerprint import records_fingerprint
    from realtime_fer.pipeline.assemble import build_fast_path
    from realtime_fer.reasoning.choose import choose_factory
    from realtime_fer.reasoning.supervision.child_factory import build_reasoner
    from realtime_fer.settings_layers import load_settings
    from realtime_fer.sources.credentials import without_credentials

    settings = load_settings(profile=profile, environment=os.environ)
    factory = choose_factory(reasoner, reasoner_factory, options)  # type: ignore[arg-type]  # click has checked the name
    assert factory is not None  # noqa: S101 - "none" is not offered

    def fast_path(unrelated_frames: bool) -> FastPath:
        return build_fast_path(settings, unrelated_frames=unrelated_frames)[0]

    todo = moments(path, fast_path, every_s=every_s)
    asked = build_reasoner(factory, options)
    source, given = without_credentials(path), records_fingerprint(sorted(options.items()))
    failures = kept = 0
    log: DescriptionLog | None = None
    with ExitStack() as opened:
        if out is not None:
            log = opened.enter_context(DescriptionLog(out, reasoner=str(asked.name), version=str(asked.version), options=given))
        terminal = opened.enter_context(_Terminal(todo.count))
        for moment in todo.iterate(log.done if log is not None else ()):
            if moment.result is None and moment.problem is None:
                terminal.advance()
                kept += 1
                continue
            try:
                described = describe_moment(moment, asked, terminal.listen)
            except MemoryError as error:
                raise ReasoningError(
                    f"{asked.name}: out of memory at {moment.name}; try a smaller model or dtype, or another device"
                ) from error
            failures += described.failed
            values = moment_values(described, source=source, reasoner=asked, options=given)
            if log is not None:
                log.write(values)
            terminal.advance()
            terminal.say(json.dumps(values, ensure_ascii=False) if as_json else "\n".join(moment_lines(described)))
    if kept:
        click.echo(f"{out}: has {kept} of them from before, which were not asked about again", err=True)
    if log is not None and log.is_mixed:
        click.echo(f"{out}: has lines under other options of the reasoner, too; their key options tells them apart", err=True)
    return EXIT_INCOMPLETE if failures else 0


class _Terminal:
    """A bar on the terminal (stderr) above which lines appear; on it, too, the last words of an answer in the making."""

    def __init__(self, count: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._shown = console.is_terminal
        self._bar = Progress(*columns, console=console, disable=not self._shown, transient=True)
        self._task = self._bar.add_task("", total=count)
        self._width = max(20, console.width - 60)

    def __enter__(self) -> _Terminal:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        self._bar.update(self._task, advance=1, description="")

    def say(self, text: str) -> None:
        if self._shown and sys.stdout.isatty():
            self._bar.console.out(text, highlight=False)
        else:
            click.echo(text)

    def listen(self, face: TrackedExpression) -> Listener:
        def heard(text: str) -> None:
            self._bar.update(self._task, description=f"face {face.track.track_id}: {' '.join(text.split())[-self._width :]}")

        return _Heard(heard)


class _Heard:
    """A listener that shows what it hears and never has enough; Ctrl-C ends the command itself."""

    cancelled = False

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def say(self, step: str, text: str) -> None:
        self._show(text)
