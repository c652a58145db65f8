"""A service in another process: publishes frames in two batches, with CURVE, when told.

    python -m tests.publishing.publishing_process KEY_FOLDER FRAMES_BEFORE FRAMES_AFTER

Prints the endpoint; publishes the first batch; prints "ready"; waits for a line on stdin; publishes the second batch;
prints the number of refused connections; waits for the end of stdin.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from realtime_fer.publishing.curve import AllowList, load_server_keys
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from tests.publishing import contents


def main() -> None:
    folder, before, after = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    with ZmqPublisher(
        "tcp://127.0.0.1:*",
        curve=load_server_keys(folder / "server.key_secret"),
        allowed_clients=AllowList.from_folder(folder / "allowed"),
    ) as publisher:
        print(publisher.endpoint, flush=True)
        publisher.publish(contents.health())
        for frame_id in range(before):
            publisher.publish(contents.frame(frame_id, faces=3))
        while publisher.messages_published < 1 + before:
            time.sleep(0.001)
        print("ready", flush=True)
        sys.stdin.readline()
        for frame_id in range(before, before + after):
            publisher.publish(contents.frame(frame_id, faces=3))
        print(publisher.refused_connections, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
