"""A publisher as the settings say, bound; the default endpoint gives way."""

from __future__ import annotations

import logging

from realtime_fer.clock import Clock
from realtime_fer.errors import PublishingError
from realtime_fer.publishing.curve import AllowList, load_server_keys
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from realtime_fer.settings import DEFAULT_ENDPOINT, PublishSettings

log = logging.getLogger(__name__)


def start_publisher(settings: PublishSettings, clock: Clock) -> ZmqPublisher:
    """A publisher that is bound.

    The default endpoint gives way to a free port where something else has it (say, a second service), with a
    warning; an endpoint that somebody asked for does not.

    Raises:
        PublishingError: the endpoint cannot be used.
        SecurityError: it may not be used as asked.
    """
    curve = None if settings.server_key is None else load_server_keys(settings.server_key)
    allowed = None if settings.allowed_clients is None else AllowList.from_folder(settings.allowed_clients)

    def build(bind: str) -> ZmqPublisher:
        publisher = ZmqPublisher(
            bind,
            encoding=settings.encoding,
            high_water_mark=settings.high_water_mark,
            conflate=settings.conflate,
            curve=curve,
            allowed_clients=allowed,
            allow_insecure_bind=settings.allow_insecure_bind,
            clock=clock,
        )
        publisher.start()
        return publisher

    try:
        return build(settings.bind)
    except PublishingError as error:
        if settings.bind != DEFAULT_ENDPOINT or "bind" in settings.model_fields_set:
            raise
        publisher = build("tcp://127.0.0.1:*")
        log.warning("%s; publishing on %s instead", error, publisher.endpoint)
        return publisher
