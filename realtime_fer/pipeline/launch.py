"""From settings to a finished run: build the service, run it in the foreground, leave everything tidy."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.display.window import display_available
from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.assemble import build_fast_path
from realtime_fer.pipeline.assemble_reasoning import build_reasoning
from realtime_fer.pipeline.foreground import EXIT_FAILED, StopRequest, run_in_foreground, stop_on_signals
from realtime_fer.pipeline.output_files import check_output_files
from realtime_fer.pipeline.reporting import Reporter, health_content
from realtime_fer.pipeline.service import ResultSink, Service
from realtime_fer.pipeline.sinks import LatestResultSink, RecordingSink, no_remarks
from realtime_fer.pipeline.start_publisher import start_publisher
from realtime_fer.pipeline.summary import summarise, write_summary
from realtime_fer.publishing.results_writer import ResultsWriter
from realtime_fer.settings import ServiceSettings
from realtime_fer.sources.choose import open_source
from realtime_fer.sources.pictures import PictureSource

log = logging.getLogger(__name__)

FALLBACK_FPS = 30.0
"""Of a recording, where the source does not say how fast it is."""

PUBLISHER_LINGER_MS = 200
"""The last messages have this long to reach slow subscribers when the service stops."""


def launch(settings: ServiceSettings, *, quiet: bool = False, clock: Clock | None = None) -> int:
    """Run the service as the settings say, until it ends.

    Args:
        quiet: no progress bar and no closing line.

    Returns:
        The exit code, see `foreground.run_in_foreground`.

    Raises:
        RealtimeFerError: bad input of any kind, found before the first frame.
    """
    request = StopRequest()
    # A signal is answered by an orderly end, also while models load and while the summary is written.
    with stop_on_signals(request):
        return _run(settings, request, quiet=quiet, clock=clock or SystemClock())


def _run(settings: ServiceSettings, request: StopRequest, *, quiet: bool, clock: Clock) -> int:
    output = settings.output
    check_output_files(output, settings.source.spec)
    with ExitStack() as cleanup:
        source = open_source(
            settings.source.spec,
            every_frame=settings.source.every_frame,
            loop=settings.source.loop,
            width=settings.source.width,
            height=settings.source.height,
            fps=settings.source.fps,
            wait_for_source=settings.source.wait,
            clock=clock,
        )
        unrelated = isinstance(source, PictureSource) and source.nominal_fps is None
        fast_path, models = build_fast_path(settings, unrelated_frames=unrelated)
        publisher = start_publisher(settings.publish, clock) if settings.publish.enabled else None
        if publisher is not None:
            cleanup.callback(publisher.close, PUBLISHER_LINGER_MS)
        reporter = Reporter(publisher, None, expression_model=models[-1].name, clock=clock)
        cleanup.callback(reporter.end)
        reasoning = build_reasoning(settings.reasoning, reporter.report_reasoning, unrelated_frames=unrelated, clock=clock)
        sinks: list[ResultSink] = []
        if reasoning is not None:
            # Before the source is opened: weights take their time. Whatever becomes of it, the service runs.
            cleanup.callback(reasoning.close)
            reasoning.start()
            sinks.append(reasoning)
        remarks = no_remarks if reasoning is None else reasoning.remarks

        every_frame = not source.is_live
        recording = None
        if output.record is not None:
            recording = RecordingSink(
                output.record,
                fps=source.nominal_fps or FALLBACK_FPS,
                every_frame=every_frame,
                remarks=remarks,
                clock=clock,
            )
            sinks.append(recording)
        window = None if output.headless else _window_if_possible()
        if window is not None:
            sinks.append(window)

        def report_health() -> None:
            if publisher is not None:
                content = health_content(
                    service,
                    models=models,
                    publisher=publisher,
                    heartbeat_interval_s=settings.publish.health_interval_s,
                    other_workers=() if recording is None else (recording.worker,),
                    reasoner=None if reasoning is None else reasoning.health(),
                    results_error=reporter.results_error,
                )
                publisher.publish(content)

        service = Service(
            source,
            fast_path,
            publish=reporter.report,
            sinks=sinks,
            report_health=report_health,
            every_frame=every_frame,
            health_interval_s=settings.publish.health_interval_s,
            clock=clock,
        )

        def finish_reasoning(give_up: threading.Event) -> None:
            if reasoning is not None:
                reasoning.finish(settings.reasoning.finish_s, give_up)

        code = run_in_foreground(
            service,
            request=request,
            window_results=window,
            remarks=remarks,
            duration_s=output.duration_s,
            show_progress=not quiet,
            at_start=lambda: _begin_results(reporter, output.results),
            at_end_of_source=finish_reasoning,
        )
    if reporter.results_error is not None:
        service.error = service.error or str(reporter.results_error)
        code = code or EXIT_FAILED
    summary = summarise(
        service,
        models=[{"name": m.name, "version": m.version or "", "sha256": m.sha256, "licence": m.licence} for m in models],
        messages_published=0 if publisher is None else publisher.messages_published,
        reasoner=None if reasoning is None else reasoning.health(),
    )
    if output.summary is not None:
        try:
            write_summary(output.summary, summary)
        except PublishingError as error:  # the input was good: not the exit code of bad input
            print(f"realtime-fer: {error}", file=sys.stderr)
            code = code or EXIT_FAILED
    if not quiet:  # last: the reader of stderr may have gone away
        _closing_line(summary)
    _leave_hanging_threads_behind(service, code)
    return code


def _begin_results(reporter: Reporter, path: Path | None) -> None:
    """Once the source is open: one that cannot be leaves the file of an earlier run as it is."""
    if path is not None:
        reporter.results = ResultsWriter(path)


def _window_if_possible() -> LatestResultSink | None:
    if display_available():
        return LatestResultSink()
    log.warning("no display here: running without a window (--headless says so without this line)")
    return None


def _closing_line(summary: dict[str, Any]) -> None:
    latency = summary["latency_ms"]
    median = latency["p50"] if isinstance(latency, dict) else None
    unreadable = summary["pictures_skipped"]
    print(
        f"{summary['source']}: {summary['frames_processed']} of {summary['frames_captured']} frames"
        f"{f' ({unreadable} more unreadable)' if unreadable else ''}, "
        f"{summary['faces_total']} faces of {summary['tracks_total']} people, {summary['fps']} fps, "
        f"capture to publish {'-' if median is None else format(median, '.1f')} ms (median), "
        f"{summary['messages_published']} messages{_questions(summary['reasoning'])}",
        file=sys.stderr,
    )


def _questions(reasoning: dict[str, Any] | None) -> str:
    return "" if reasoning is None else f", {reasoning['answered']} of {reasoning['asked']} questions answered"


def _leave_hanging_threads_behind(service: Service, code: int) -> None:
    """End the process at once where a thread hangs in native code: the interpreter's own end could wait for it."""
    if not service.hangs:
        return
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
