from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

import pytest

from realtime_fer.errors import MissingExtraError, ModelNotFoundError, SettingsError
from realtime_fer.reasoning.supervision.child_factory import build_reasoner, require_factory_name

FAKES = "tests.reasoning.supervision.fake_reasoners"


def test_the_named_function_is_called_with_the_options() -> None:
    assert build_reasoner(f"{FAKES}:slow_to_start", {"seconds": 0}).name == "misbehaving"


@pytest.mark.parametrize(
    ("factory", "options", "message"),
    [
        ("no.such_module:f", {}, "there is no module no"),
        (f"{FAKES}.deeper:f", {}, f"there is no module {FAKES}.deeper"),
        (f"{FAKES}:nothing", {}, "has no attribute 'nothing'"),
        (f"{FAKES}:misbehaving", {"size": 3}, "options \\['size'\\] do not fit: got an unexpected keyword argument 'size'"),
        (f"{FAKES}:slow_to_start", {}, "missing a required argument: 'seconds'"),
        (f"{FAKES}:no_reasoner", {}, "object is no reasoner, it lacks name, version, reason"),
    ],
)
def test_what_does_not_fit_is_named(factory: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=f"reasoner factory {factory}: .*{message}"):
        build_reasoner(factory, options)


def test_options_that_there_are_are_told() -> None:
    with pytest.raises(SettingsError, match=r"unexpected keyword argument 'colour'; it takes seconds$"):
        build_reasoner(f"{FAKES}:slow_to_start", {"seconds": 1, "colour": "red"})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"number": "many"}, "number: expected int, found 'many'"),
        ({"number": True}, "number: expected int, found True"),
        ({"share": "half"}, "share: expected float | None, found 'half'"),
        ({"places": 3}, r"places: expected str | .*Mapping\[str, .*Any\] | None, found 3"),
    ],
)
def test_an_option_of_another_type_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=f"reasoner option {says}"):
        build_reasoner(f"{__name__}:typed", options)


def test_options_of_the_right_type_go_through() -> None:
    typed_options = {"number": 3, "share": 1, "places": {"a": 0}, "more": [1]}
    assert build_reasoner(f"{__name__}:typed", typed_options).version == "3 1 {'a': 0} {'more': [1]}"
    assert (
        build_reasoner(f"{__name__}:typed", {"share": None, "options": "other"}).version == "1 None None {'options': 'other'}"
    )


def typed(
    number: int = 1, *, share: float | None = 0.5, places: str | Mapping[str, Any] | None = None, **options: int
) -> types.SimpleNamespace:
    """A factory; what `options` holds is its own business."""
    return types.SimpleNamespace(name="typed", version=f"{number} {share} {places} {options}", reason=None)


def test_a_package_that_is_not_installed_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Importing:
        """Stands for a module that imports a package that is not there."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "reasoner_of_torches":
                raise ModuleNotFoundError("No module named 'torches'", name="torches")

    monkeypatch.setattr(sys, "meta_path", [Importing(), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=r"needs a package that is not installed .*torches"):
        build_reasoner("reasoner_of_torches:build", {})


def test_its_own_errors_come_through() -> None:
    with pytest.raises(ModelNotFoundError, match="not on the shelf"):
        build_reasoner(f"{FAKES}:without_its_model", {})


@pytest.mark.parametrize("name", ["", "module", "module:", ":f", "a b:f", "a:b.c", "a:b:c", "os; import x:f"])
def test_other_forms_are_refused_before_anything_is_imported(name: str) -> None:
    with pytest.raises(SettingsError, match=r'expected "package\.module:function"'):
        require_factory_name(name)
