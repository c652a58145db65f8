"""Short ways to ask a server of the tests."""

from __future__ import annotations

from typing import Any

from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner
from realtime_fer.reasoning.openai_compatible.factory import chain_model, chain_rules
from realtime_fer.reasoning.openai_compatible.model import ServerChainModel
from realtime_fer.reasoning.openai_compatible.options import ServerOptions
from tests.fakes import FakeClock
from tests.reasoning.openai_compatible.server import ModelServer, token

MODEL = "chain-of-affect"


def model_at(server: ModelServer, clock: FakeClock, **options: Any) -> ServerChainModel:
    return chain_model(ServerOptions.of({"base_url": server.url, "model": MODEL, **options}), clock)


def reasoner_at(server: ModelServer, clock: FakeClock, **options: Any) -> ChainReasoner:
    checked = ServerOptions.of({"base_url": server.url, "model": MODEL, **options})
    return ChainReasoner(chain_model(checked, clock), chain_rules(checked), checked.face_margin)


def sadness() -> dict[str, Any]:
    """First token of "Sadness", as Phi-3.5's tokenizer cuts it."""
    return token("Sad", 0.6, Sur=0.2, F=0.08, Dis=0.04, H=0.03, An=0.02, Ne=0.01, The=0.005)
