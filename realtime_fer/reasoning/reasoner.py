"""What the slow path expects of a reasoner."""

from __future__ import annotations

from typing import Protocol

from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest


class Reasoner(Protocol):
    """Says why a face looks as it does. Slow, and called for one question at a time, from one thread.

    One that can be heard at work, and stopped, is a `listener.SpeakingReasoner`.

    It usually lives in a process of its own (see `supervisor`), built there by a factory named as
    "package.module:function", which is called with keyword options that JSON can say. Importing that module and calling
    the factory may take long: this is where weights are loaded.

    Attributes:
        name, version: of the model, as answers carry them.
    """

    name: str
    version: str

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """Answer one question.

        Raises:
            Exception: whatever it raises becomes the failure of this question alone, and the next one is asked all the same.
                MemoryError also ends the process, which is started anew.
        """
        ...
