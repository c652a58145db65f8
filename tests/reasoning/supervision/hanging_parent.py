"""A service whose reasoner hangs: prints the reasoner's process id, and waits to be killed.

python -m tests.reasoning.supervision.hanging_parent TRACK_ID
"""

from __future__ import annotations

import sys
import time

from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.health import ReasonerState
from realtime_fer.reasoning.supervision.supervisor import ReasonerSupervisor
from tests.reasoning.questions import request


def main() -> None:
    supervisor = ReasonerSupervisor("tests.reasoning.supervision.fake_reasoners:misbehaving", limits=ChildLimits(niceness=0))
    supervisor.start()
    supervisor.submit(request(track_id=int(sys.argv[1])))
    while supervisor.health().state is not ReasonerState.BUSY:
        time.sleep(0.01)
    print(supervisor.health().pid, flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main()
