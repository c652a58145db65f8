from __future__ import annotations

import importlib.util
import sys
from typing import get_args

import pytest

from realtime_fer.errors import MissingExtraError, SettingsError
from realtime_fer.reasoning.choose import REASONERS, NamedReasoner, ReasonerName, choose_factory
from realtime_fer.reasoning.supervision.child_factory import require_factory_name


def test_the_table_and_the_names_are_the_same() -> None:
    assert {"none", *REASONERS} == set(get_args(ReasonerName))


@pytest.mark.parametrize("named", REASONERS.values(), ids=list(REASONERS))
def test_factories_have_the_right_form(named: NamedReasoner) -> None:
    require_factory_name(named.factory)


def test_none_is_none() -> None:
    assert choose_factory("none", None, {}) is None


def test_a_name_gives_its_factory() -> None:
    options = {"base_url": "http://127.0.0.1:8000/v1", "model": "m"}
    assert choose_factory("openai", None, options) == "realtime_fer.reasoning.openai_compatible.factory:build"


def test_a_factory_of_ones_own_counts_before_the_name() -> None:
    assert choose_factory("openai", "mine.module:build", {}) == "mine.module:build"
    with pytest.raises(SettingsError, match=r'expected "package\.module:function", found \'mine\''):
        choose_factory("none", "mine", {})


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"expected none, chain-of-affect-tiny, .*, expllm, exp-blip, openai, or a factory"):
        choose_factory("oracle", None, {})  # type: ignore[arg-type]


def test_options_that_are_needed_are_named() -> None:
    with pytest.raises(SettingsError, match=r"needs the option model; try: --reasoner-option model=\.\.\."):
        choose_factory("openai", None, {"base_url": "http://127.0.0.1:8000/v1"})


def test_a_package_that_is_missing_comes_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "transformers" else real(name))
    monkeypatch.setitem(REASONERS, "chain-of-affect", NamedReasoner("a.b:c", extra="vlm", packages=("transformers",)))
    with pytest.raises(MissingExtraError, match=r"reasoner chain-of-affect needs .*'transformers'.*realtime-fer\[vlm\]"):
        choose_factory("chain-of-affect", None, {"checkpoint": "x"})


def test_choosing_imports_no_reasoner() -> None:
    before = set(sys.modules)
    choose_factory("openai", None, {"base_url": "http://127.0.0.1:8000/v1", "model": "m"})
    new = set(sys.modules) - before
    assert not [name for name in new if name.startswith(("torch", "transformers", "realtime_fer.reasoning.openai"))]
