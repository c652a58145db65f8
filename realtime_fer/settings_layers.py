"""Where the values of the settings come from, and what is said about a wrong one.

Precedence: built-in defaults < profile (YAML) < environment < command-line flags. An environment variable is named
`REALTIME_FER_<SECTION>__<KEY>`, for instance `REALTIME_FER_DETECTOR__INTERVAL=2`.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from realtime_fer.errors import SettingsError
from realtime_fer.settings import ServiceSettings

ENVIRONMENT_PREFIX = "REALTIME_FER_"

Nested = dict[str, dict[str, Any]]


def load_settings(
    *, profile: Path | None = None, environment: Mapping[str, str] | None = None, flags: Nested | None = None
) -> ServiceSettings:
    """Merge the sources of settings and check every value.

    Args:
        profile: a YAML file whose top level are the sections and below them the keys, or the name of a shipped one.
        environment: usually `os.environ`; variables of other names, or without a value, are not settings.
        flags: section -> key -> value, as given on the command line.

    Raises:
        SettingsError: an unknown section or key, or a value out of range; names key, value and where it stands.
    """
    merged: Nested = {}
    origin: dict[tuple[str, str], str] = {}
    layers = (
        (f"profile {profile}", _read_profile(profile) if profile is not None else {}),
        ("environment", _read_environment(environment or {})),
        ("command line", flags or {}),
    )
    for where, layer in layers:
        for section, values in layer.items():
            fields = _fields_of(section, where)
            known = merged.setdefault(section, {})
            if section == "reasoning" and _names_another_reasoner(known, values):
                known.pop("options", None)
            for key, value in values.items():
                _require_known(key, fields, f"{where}: {section}")
                before = known.get(key)
                # Options are set one by one: a flag changes one of the profile's and leaves the others.
                known[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
                origin[section, key] = where
    try:
        return ServiceSettings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        section, key = str(first["loc"][0]), str(first["loc"][1])
        where = origin.get((section, key), "settings")
        raise SettingsError(
            f"{where}: {section}.{key} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
        ) from error


def shipped_profiles() -> dict[str, Path]:
    """The profiles that come with the package, by name."""
    package = Path(__file__).resolve().parent
    # In a wheel they lie inside the package; in a checkout, at its top level.
    folders = (package / "_launch", package.parent / "launch")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def _names_another_reasoner(before: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether options given so far were meant for another one."""
    named = [key for key in ("name", "factory") if before.get(key) not in (None, "none")]
    return bool(named) and any(values.get(key, before.get(key)) != before.get(key) for key in ("name", "factory"))


def _read_profile(path: Path) -> Nested:
    shipped = shipped_profiles()
    # A checkpoint's folder may well be called `expllm`, too.
    if str(path) in shipped and not path.is_file():
        path = shipped[str(path)]
    where = f"profile {path}"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _EachKeyOnce)  # noqa: S506 - a safe loader
    except OSError as error:
        raise SettingsError(f"{where}: cannot be read ({error.strerror}); shipped ones: {', '.join(shipped)}") from error
    except (yaml.YAMLError, ValueError) as error:  # not UTF-8, or a date that does not exist
        raise SettingsError(f"{where}: not YAML: {' '.join(str(error).split())}") from error
    sections = f"expected sections ({', '.join(ServiceSettings.model_fields)}) with keys below them"
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{where}: {sections}, found {content!r}")
    for section, values in content.items():
        _fields_of(str(section), where)
        if not (values is None or isinstance(values, dict)):
            raise SettingsError(f"{where}: {sections}, found {section}: {values!r}")
    # A section whose keys are all commented out is an empty one.
    return {str(section): {str(key): value for key, value in (values or {}).items()} for section, values in content.items()}


class _EachKeyOnce(yaml.SafeLoader):
    """YAML's own loader takes the last of two `publish:` sections and says nothing of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
        return super().construct_mapping(node, deep)


def _read_environment(environment: Mapping[str, str]) -> Nested:
    found: Nested = {}
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or value == "":
            continue
        section, parted, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if not parted:
            _refuse_single_underscore(name)
            continue
        fields = _fields_of(section, "environment")
        if key in fields and _takes_text(fields[key]) and value != "null":
            found.setdefault(section, {})[key] = value  # as it is: a path may hold what means something in YAML
            continue
        # Read as YAML, so that `true`, `3` and `[a, b]` mean what they mean in a profile.
        try:
            found.setdefault(section, {})[key] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError) as error:
            raise SettingsError(f"environment: {name}={value!r} cannot be read as a value") from error
    return found


def _takes_text(field: FieldInfo) -> bool:
    return field.annotation in (str, Path, str | None, Path | None)


def _refuse_single_underscore(name: str) -> None:
    """Other variables may begin as ours do; one that begins as a section was meant for it."""
    rest = name.removeprefix(ENVIRONMENT_PREFIX)
    for section in ServiceSettings.model_fields:
        key = rest.lower().removeprefix(f"{section}_")
        if key in _fields_of(section, "environment") and key != rest.lower():
            raise SettingsError(
                f"environment: {name} has one underscore too few; try {ENVIRONMENT_PREFIX}{section.upper()}__{key.upper()}"
            )


def _fields_of(section: str, where: str) -> dict[str, FieldInfo]:
    """The keys of a section.

    Raises:
        SettingsError: there is no such section.
    """
    _require_known(section, ServiceSettings.model_fields, f"{where}: section")
    kind = ServiceSettings.model_fields[section].annotation
    assert isinstance(kind, type)  # noqa: S101 - every section is annotated with its class
    assert issubclass(kind, BaseModel)  # noqa: S101
    return kind.model_fields


def _require_known(name: str, known: Iterable[str], where: str) -> None:
    if name not in (names := list(known)):
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
        raise SettingsError(f"{where} {name!r} is not known; {hint}")
