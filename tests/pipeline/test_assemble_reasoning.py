from __future__ import annotations

from typing import Any

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.pipeline import assemble_reasoning
from realtime_fer.pipeline.assemble_reasoning import build_reasoning
from realtime_fer.reasoning.keyframes.selection import KeyframeSelector
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from realtime_fer.settings import ReasoningSettings
from realtime_fer.settings_layers import load_settings


def settings(**values: object) -> ReasoningSettings:
    return load_settings(flags={"reasoning": dict(values)}).reasoning


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What selector and supervisor were made with."""
    made: dict[str, Any] = {}

    class Supervisor(ReasonerSupervisor):
        def __init__(self, factory: str, options: dict[str, Any], **arguments: Any) -> None:
            made.update(factory=factory, options=options, **arguments)
            super().__init__(factory, options, **arguments)

    class Selector(KeyframeSelector):
        def __init__(self, rules: Any, **arguments: Any) -> None:
            made.update(rules=rules, **arguments)
            super().__init__(rules, **arguments)

    monkeypatch.setattr(assemble_reasoning, "ReasonerSupervisor", Supervisor)
    monkeypatch.setattr(assemble_reasoning, "KeyframeSelector", Selector)
    return made


def publish(_content: object) -> None: ...


def test_none_asks_nobody() -> None:
    assert build_reasoning(settings(), publish) is None


def test_settings_arrive_where_they_belong(built: dict[str, Any]) -> None:
    asked = settings(
        factory="a.b:c",
        device="cuda:1",
        options={"depth": 2},
        questions_per_s=3.0,
        burst=4,
        refresh_s=5.0,
        min_interval_s=0.5,
        changed_by=0.6,
        uncertain_below=0.7,
        mixed_from=0.2,
        min_quality=0.1,
        max_side_px=512,
        answer_timeout_s=6.0,
        start_timeout_s=7.0,
        max_failures=8,
        niceness=9,
        threads=2,
        memory_limit_mib=1024,
    )
    assert build_reasoning(asked, publish) is not None
    assert (built["factory"], built["options"]) == ("a.b:c", {"depth": 2, "device": "cuda:1"})
    assert (built["questions_per_s"], built["burst"]) == (3.0, 4)
    rules = built["rules"]
    assert (rules.refresh_s, rules.min_interval_s, rules.changed_by, rules.uncertain_below) == (5.0, 0.5, 0.6, 0.7)
    assert (rules.mixed_from, rules.min_quality, rules.max_side_px, rules.settle_s) == (0.2, 0.1, 512, 0.4)
    assert callable(built["on_outcome"])
    assert callable(built["on_saying"])
    assert (built["answer_timeout_s"], built["start_timeout_s"], built["restarts"].max_failures) == (6.0, 7.0, 8)
    limits = built["limits"]
    assert (limits.niceness, limits.threads, limits.address_space_bytes) == (9, 2, 1 << 30)


def test_defaults_are_those_of_the_parts(built: dict[str, Any]) -> None:
    build_reasoning(settings(factory="a.b:c"), publish)
    assert (built["questions_per_s"], built["burst"]) == (0.5, 2)
    assert built["rules"] == type(built["rules"])()
    assert built["limits"] == type(built["limits"])()
    assert built["restarts"] == type(built["restarts"])()
    assert built["options"] == {}


def test_nothing_has_to_settle_on_pictures_that_stand_alone(built: dict[str, Any]) -> None:
    build_reasoning(settings(factory="a.b:c"), publish, unrelated_frames=True)
    assert built["rules"].settle_s == 0.0


def test_numbers_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"min_interval_s \(20\.0\) must not be above refresh_s"):
        build_reasoning(settings(factory="a.b:c", min_interval_s=20.0), publish)
