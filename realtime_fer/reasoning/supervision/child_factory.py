"""Reasoners by the name of the function that builds them, so that only the process that needs torch imports it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from realtime_fer.errors import MissingExtraError, SettingsError
from realtime_fer.reasoning.reasoner import Reasoner

_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def require_factory_name(factory: str) -> None:
    """Raise SettingsError unless `factory` has the form "package.module:function"; nothing is imported."""
    if not _FACTORY.fullmatch(factory):
        raise SettingsError(f'reasoner factory: expected "package.module:function", found {factory!r}')


def build_reasoner(factory: str, options: Mapping[str, Any]) -> Reasoner:
    """Import the module, call the function with the options.

    Raises:
        SettingsError: there is no such function, it does not take these options or one of this type, or what it gives is no
            reasoner.
        MissingExtraError: a package that the module imports is not installed.
        Exception: whatever the function raises.
    """
    require_factory_name(factory)
    module_name, _, function_name = factory.partition(":")
    try:
        function: Any = getattr(importlib.import_module(module_name), function_name)
        parameters = inspect.signature(function).parameters
        inspect.signature(function).bind(**options)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise SettingsError(f"reasoner factory {factory}: there is no module {error.name}") from error
        raise MissingExtraError(f"reasoner {factory}: needs a package that is not installed ({error})") from error
    except AttributeError as error:
        raise SettingsError(f"reasoner factory {factory}: {error}") from error
    except TypeError as error:
        raise SettingsError(
            f"reasoner factory {factory}: options {sorted(options)} do not fit: {error}{_known(parameters)}"
        ) from error
    _require_types(function, parameters, options)
    reasoner: Reasoner = function(**options)
    missing = [part for part in ("name", "version", "reason") if not hasattr(reasoner, part)]
    if missing:
        raise SettingsError(
            f"reasoner factory {factory}: {type(reasoner).__name__} is no reasoner, it lacks {', '.join(missing)}"
        )
    return reasoner


def _known(parameters: Mapping[str, inspect.Parameter]) -> str:
    names = [name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD]
    return f"; it takes {', '.join(names)}" if names else ""


def _require_types(function: Any, parameters: Mapping[str, inspect.Parameter], options: Mapping[str, Any]) -> None:
    """Options are typed by people: a word where a number belongs is named here, and not by what stumbles over it."""
    try:
        types = get_type_hints(function)
    except (NameError, TypeError):
        return  # its types are there for type checkers only
    for name in options.keys() & types.keys() & parameters.keys():
        if parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            continue
        try:
            TypeAdapter(types[name]).validate_python(options[name], strict=True)
        except PydanticSchemaGenerationError:
            continue
        except ValidationError as error:
            expected = inspect.formatannotation(types[name])
            raise SettingsError(f"reasoner option {name}: expected {expected}, found {options[name]!r}") from error
