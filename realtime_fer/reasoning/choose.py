"""Reasoners by name: which function builds each, what it needs installed, and what it cannot do without.

Nothing here imports a reasoner; that happens in its own process.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from realtime_fer.errors import SettingsError, missing_extra

ReasonerName = Literal["none", "chain-of-affect-tiny", "chain-of-affect", "expllm", "exp-blip", "openai"]


@dataclass(frozen=True, slots=True)
class NamedReasoner:
    """One line of the table.

    Attributes:
        factory: "package.module:function" that builds it, see `reasoner.Reasoner`.
        extra: of this package, which brings `packages`; None where the core is enough.
        packages: modules it imports beyond the core's.
        needs: options without which it cannot be built.
    """

    factory: str
    extra: str | None = None
    packages: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


REASONERS: Final[dict[ReasonerName, NamedReasoner]] = {
    "chain-of-affect-tiny": NamedReasoner(
        "realtime_fer.reasoning.chain_of_affect.tiny_onnx:build", extra="cpu", packages=("onnxruntime",)
    ),
    "chain-of-affect": NamedReasoner(
        "realtime_fer.reasoning.chain_of_affect.phi3_vision:build_chain_of_affect",
        extra="vlm",
        packages=("torch", "transformers", "safetensors"),
        needs=("checkpoint",),
    ),
    "expllm": NamedReasoner(
        "realtime_fer.reasoning.expllm.factory:build",
        extra="vlm",
        packages=("torch", "transformers", "peft", "safetensors"),
        needs=("checkpoint",),
    ),
    "exp-blip": NamedReasoner(
        "realtime_fer.reasoning.exp_blip.factory:build",
        extra="vlm",
        packages=("torch", "transformers", "safetensors", "PIL"),
        needs=("checkpoint",),
    ),
    "openai": NamedReasoner("realtime_fer.reasoning.openai_compatible.factory:build", needs=("base_url", "model")),
}
"""Every name but "none"."""


def choose_factory(name: ReasonerName, factory: str | None, options: Mapping[str, Any]) -> str | None:
    """The factory of the reasoner that was asked for; None for none.

    Args:
        name: one of the table, or "none".
        factory: of one's own, "package.module:function"; counts before the name.
        options: what will be given to it.

    Raises:
        SettingsError: an unknown name, a factory of another form, or an option that is needed and not there.
        MissingExtraError: a package it needs is not installed.
    """
    if factory is not None:
        # Here, since the command line and the settings read the names above, and start without numpy.
        from realtime_fer.reasoning.supervision.child_factory import require_factory_name

        require_factory_name(factory)
        return factory
    if name == "none":
        return None
    chosen = REASONERS.get(name)
    if chosen is None:
        raise SettingsError(f"reasoner: expected none, {', '.join(REASONERS)}, or a factory; found {name!r}")
    if chosen.extra is not None:
        for package in chosen.packages:
            if importlib.util.find_spec(package) is None:
                raise missing_extra(f"reasoner {name}", chosen.extra, ImportError(f"No module named {package!r}"))
    missing = [option for option in chosen.needs if options.get(option) is None]
    if missing:
        raise SettingsError(
            f"reasoner {name}: needs the option{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"try: {' '.join(f'--reasoner-option {option}=...' for option in missing)}"
        )
    return chosen.factory
