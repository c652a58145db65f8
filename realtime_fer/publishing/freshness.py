"""The newest message of each topic, given out only while it is fresh."""

from __future__ import annotations

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import PublishingError
from realtime_fer.publishing.endpoints import parse_endpoint
from realtime_fer.publishing.message import HealthMessage, Message, is_last_of_topic


class FreshMessages:
    """Remembers the newest message by topic.

    Age counts from the capture of the frame (health: from its publishing) to now. On the publisher's own machine
    the monotonic clock tells it; from another machine the UNIX clocks do, which then must be set alike (NTP).
    """

    def __init__(self, endpoint: str, *, same_machine: bool | None = None, clock: Clock | None = None) -> None:
        """
        Args:
            endpoint: of the publisher.
            same_machine: whether its monotonic clock is ours; None takes loopback and ipc endpoints for ours.

        Raises:
            PublishingError: the endpoint cannot be used.
        """
        is_local = parse_endpoint(endpoint).is_local
        self._endpoint = endpoint
        self._clock = clock or SystemClock()
        self._same_machine = is_local if same_machine is None else same_machine
        self._publisher_id: str | None = None
        self._newest: dict[str, Message] = {}

    def put(self, message: Message) -> None:
        """`message` was just received."""
        if message.publisher_id != self._publisher_id:
            self._publisher_id = message.publisher_id
            self._newest.clear()  # topics of the run before mean other faces
        if is_last_of_topic(message):
            self._newest.pop(message.topic, None)
        else:
            self._newest[message.topic] = message

    def has(self, topic: str) -> bool:
        """Whether there is a message on this exact topic, of any age."""
        return topic in self._newest

    def age_ms(self, message: Message) -> float:
        """How old what the message says is, in milliseconds."""
        if self._same_machine:
            begin_ns = message.published_monotonic_ns if isinstance(message, HealthMessage) else message.capture_monotonic_ns
            return (self._clock.monotonic_ns() - begin_ns) / 1e6
        begin_ns = message.published_unix_ns if isinstance(message, HealthMessage) else message.capture_unix_ns
        return (self._clock.unix_ns() - begin_ns) / 1e6

    def get(self, topic: str, max_age_ms: float) -> Message:
        """The newest message of this exact topic.

        Raises:
            PublishingError: there is none, or it is older than `max_age_ms`, or dated so far in the future, which only
                clocks that disagree can do: then nobody knows how old it is.
        """
        message = self._newest.get(topic)
        if message is None:
            raise PublishingError(f"{topic}: no message yet from {self._endpoint}; is it subscribed, and the face still there?")
        age_ms = self.age_ms(message)
        if age_ms < -max_age_ms:
            raise PublishingError(
                f"{topic}: newest message is dated {-age_ms:.0f} ms in the future (max_age_ms={max_age_ms:g}); "
                "do the clocks of both machines agree (NTP)?"
            )
        if age_ms > max_age_ms:
            where = "is the service still running?" if self._same_machine else "do the clocks of both machines agree (NTP)?"
            raise PublishingError(f"{topic}: newest message is {age_ms:.0f} ms old (max_age_ms={max_age_ms:g}); {where}")
        return message
