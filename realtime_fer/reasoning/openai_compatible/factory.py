"""Builds the reasoner; for `supervision.child_factory`, as "realtime_fer.reasoning.openai_compatible.factory:build"."""

from __future__ import annotations

import logging
import os
import ssl
from typing import Any

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner, ChainRules
from realtime_fer.reasoning.chain_of_affect.variants import chain_variant
from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.api_key import ApiKey
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.reasoning.openai_compatible.connection import ServerConnection
from realtime_fer.reasoning.openai_compatible.model import ServerChainModel
from realtime_fer.reasoning.openai_compatible.options import ServerOptions
from realtime_fer.reasoning.openai_compatible.picture import PictureForm
from realtime_fer.reasoning.openai_compatible.proxy import proxy_for
from realtime_fer.reasoning.openai_compatible.question import QuestionForm
from realtime_fer.reasoning.openai_compatible.retry import RetryPolicy

log = logging.getLogger(__name__)


def build(**options: Any) -> ChainReasoner:
    """Chain-of-Affect asked of a server. It is not contacted yet: one that is down now may be up at the first question.

    Args:
        options: those of `ServerOptions`; base_url and model are needed.

    Raises:
        SettingsError: an option, the key's variable or the proxy's cannot be used.
    """
    checked = ServerOptions.of(options)
    return ChainReasoner(chain_model(checked, SystemClock()), chain_rules(checked), checked.face_margin)


def chain_rules(options: ServerOptions) -> ChainRules:
    """How the chain is asked and read.

    Raises:
        SettingsError: there is no such variant.
    """
    return ChainRules(
        first_question=chain_variant(options.variant).first_question,
        neutral_hint=options.neutral_hint,
        second_after_neutral=options.second_after_neutral,
        min_second_probability=options.min_second_probability,
        matching=options.matching,
    )


def chain_model(options: ServerOptions, clock: Clock) -> ServerChainModel:
    """The model on the server; pauses between attempts are taken on `clock`.

    Raises:
        SettingsError: the address, the key's variable, the proxy's or ca_file cannot be used.
    """
    address = ServerAddress.parse(options.base_url)
    key = ApiKey.from_environment(options.api_key_env, os.environ)
    key.require_safe_way(address, options.send_key_unencrypted)
    connection = ServerConnection(address, proxy_for(address), _tls(address, options.ca_file))
    policy = RetryPolicy(options.retries)
    client = ServerClient(address, key, connection, timeout_s=options.timeout_s, policy=policy, clock=clock)
    question_form = QuestionForm(
        model=options.model,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        top_logprobs=options.top_logprobs,
        constrain=options.constrain,
        extra_body=options.extra_body,
    )
    picture_form = PictureForm(options.image_format, options.jpeg_quality, options.image_side)
    log.info("asks model %s at %s; %r", options.model, address.url, key)
    return ServerChainModel(
        client,
        question_form,
        picture_form,
        deadline_s=options.deadline_s,
        min_label_mass=options.min_label_mass,
        version=options.version,
    )


def _tls(address: ServerAddress, ca_file: str | None) -> ssl.SSLContext | None:
    if address.scheme != "https":
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"ca_file: expected certificates in PEM at {ca_file}, found none that can be read ({error})"
        ) from error
