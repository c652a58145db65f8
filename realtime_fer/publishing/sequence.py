"""Follows the sequence numbers of one publisher's topics: what is new, what is a repeat, what was lost."""

from __future__ import annotations

from collections import OrderedDict

from realtime_fer.publishing.message import Message, is_last_of_topic

_REMEMBERED_TOPICS = 4096
"""Topics of faces come and go; if the end of one was lost, its entry leaves here when as many others came."""


class SequenceTracker:
    """Judges messages in the order they arrive.

    The first message heard on a topic loses nothing, whatever its number: the reader joined late. From then on each
    number skipped is one message lost. A number at or below the last one is a repeat, sent for the sake of a late
    joiner. Another `publisher_id` means that the publisher was restarted, and all numbers begin anew.

    Attributes:
        publisher_id: of the newest message; None before the first.
        lost: messages lost by topic, over all runs of the publisher heard; only topics with a loss appear.
        duplicates: repeats so far.
        restarts: how often the publisher was seen to restart.
    """

    def __init__(self) -> None:
        self.publisher_id: str | None = None
        self.lost: dict[str, int] = {}
        self.duplicates = 0
        self.restarts = 0
        self._last: OrderedDict[str, int] = OrderedDict()

    def observe(self, message: Message) -> bool:
        """True where the message is new, False where it is a repeat."""
        if message.publisher_id != self.publisher_id:
            if self.publisher_id is not None:
                self.restarts += 1
            self.publisher_id = message.publisher_id
            self._last.clear()
        topic, sequence = message.topic, message.sequence
        last = self._last.get(topic)
        if last is not None:
            if sequence <= last:
                self.duplicates += 1
                return False
            if sequence > last + 1:
                self.lost[topic] = self.lost.get(topic, 0) + sequence - last - 1
        self._last[topic] = sequence
        self._last.move_to_end(topic)
        if is_last_of_topic(message):
            del self._last[topic]
        elif len(self._last) > _REMEMBERED_TOPICS:
            self._last.popitem(last=False)
        return True
