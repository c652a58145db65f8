"""A subscriber in a process of its own that measures capture-to-received; started by latency.py.

Both processes are on one machine and stamp with the same monotonic clock.
"""

from __future__ import annotations

import json
import sys
import time

from realtime_fer.publishing.message import FrameMessage
from realtime_fer.publishing.subscriber import Subscriber

FIRST_TIMEOUT_S = 60.0
IDLE_TIMEOUT_S = 2.0
"""After the first message, silence for so long means that the run is over."""


def main(endpoint: str) -> None:
    """Print "ready", receive until nothing comes any more, then print the durations as JSON."""
    received: dict[int, float] = {}
    lost, timeout_s = 0, FIRST_TIMEOUT_S
    with Subscriber(endpoint, topics=("frame", "health")) as subscriber:
        print("ready", flush=True)
        while True:
            message = subscriber.receive(timeout_s)
            if message is None:
                break
            now_ns = time.monotonic_ns()
            timeout_s = IDLE_TIMEOUT_S
            if isinstance(message, FrameMessage):
                received[message.frame_id] = (now_ns - message.capture_monotonic_ns) / 1e6
            lost = subscriber.lost.get("frame", 0)
    print(json.dumps({"received_ms": received, "lost": lost}))


if __name__ == "__main__":
    main(sys.argv[1])
