"""Build the slow path from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from realtime_fer.clock import Clock
from realtime_fer.pipeline.reasoning_sink import ReasoningSink
from realtime_fer.publishing.reasoning_message import ReasoningContent, ReasoningPartialContent
from realtime_fer.reasoning.choose import choose_factory
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.keyframes.selection import KeyframeSelector
from realtime_fer.reasoning.outcome import ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from realtime_fer.settings import ReasoningSettings

MIB = 1 << 20


def build_reasoning(
    settings: ReasoningSettings,
    publish: Callable[[ReasoningContent | ReasoningPartialContent], None],
    *,
    unrelated_frames: bool = False,
    clock: Clock | None = None,
) -> ReasoningSink | None:
    """The slow path the settings ask for, not started; None for none.

    Args:
        publish: takes what is to be published, from the supervisor's thread.
        unrelated_frames: see `ReasoningSink`; nothing has to settle on a picture that stands alone.

    Raises:
        SettingsError: no such reasoner, an option that is missing, or numbers that do not fit together.
        MissingExtraError: a package the reasoner needs is not installed.
    """
    options = dict(settings.options)
    if settings.device is not None:
        options["device"] = settings.device
    factory = choose_factory(settings.name, settings.factory, options)
    if factory is None:
        return None
    rules = KeyframeRules(
        changed_by=settings.changed_by,
        uncertain_below=settings.uncertain_below,
        mixed_from=settings.mixed_from,
        min_quality=settings.min_quality,
        min_interval_s=settings.min_interval_s,
        refresh_s=settings.refresh_s,
        max_side_px=settings.max_side_px,
    )
    if unrelated_frames:
        rules = replace(rules, settle_s=0.0)
    limit = settings.memory_limit_mib
    limits = ChildLimits(
        address_space_bytes=None if limit is None else limit * MIB, niceness=settings.niceness, threads=settings.threads
    )

    def supervise(
        on_outcome: Callable[[ReasoningOutcome], None], on_saying: Callable[[PartialAnswer], None]
    ) -> ReasonerSupervisor:
        return ReasonerSupervisor(
            factory,
            options,
            limits=limits,
            restarts=RestartPolicy(max_failures=settings.max_failures),
            start_timeout_s=settings.start_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            on_outcome=on_outcome,
            on_saying=on_saying,
            clock=clock,
        )

    return ReasoningSink(
        KeyframeSelector(rules, questions_per_s=settings.questions_per_s, burst=settings.burst),
        supervise,
        publish,
        stale_after_s=settings.stale_after_s,
        unrelated_frames=unrelated_frames,
    )
