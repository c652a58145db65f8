"""Reasoners by the name of the function that builds them, so that only the process that needs torch imports it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

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
        SettingsError: there is no such function, it does not take these options, or what it gives is no reasoner.
        MissingExtraError: a package that the module imports is not installed.
        Exception: whatever the function raises.
    """
    require_factory_name(factory)
    module_name, _, function_name = factory.partition(":")
    try:
        function: Any = getattr(importlib.import_module(module_name), function_name)
        inspect.signature(function).bind(**options)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise SettingsError(f"reasoner factory {factory}: there is no module {error.name}") from error
        raise MissingExtraError(f"reasoner {factory}: needs a package that is not installed ({error})") from error
    except AttributeError as error:
        raise SettingsError(f"reasoner factory {factory}: {error}") from error
    except TypeError as error:
        raise SettingsError(f"reasoner factory {factory}: options {sorted(options)} do not fit: {error}") from error
    reasoner: Reasoner = function(**options)
    missing = [part for part in ("name", "version", "reason") if not hasattr(reasoner, part)]
    if missing:
        raise SettingsError(
            f"reasoner factory {factory}: {type(reasoner).__name__} is no reasoner, it lacks {', '.join(missing)}"
        )
    return reasoner
