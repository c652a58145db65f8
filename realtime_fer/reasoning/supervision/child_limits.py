"""What keeps a reasoner's process from hurting the rest of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from realtime_fer.errors import SettingsError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Read by the libraries when they are loaded."""

LINUX_OOM_SCORE = "/proc/self/oom_score_adj"
FIRST_TO_GO = "800"
"""Of 1000. When the machine runs out of memory, Linux ends this process rather than the service or the robot's own."""

PR_SET_PDEATHSIG = 1
"""Linux's prctl: the signal that comes when the parent dies."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of one child.

    Attributes:
        address_space_bytes: RLIMIT_AS; beyond it, allocations fail. None is no limit, and what CUDA needs, which maps far
            more than it uses.
        niceness: 0 to 19; how readily it gives way to others on a busy machine.
        threads: of numeric libraries; None leaves them their own choice.

    Raises:
        SettingsError: a value out of range.
    """

    address_space_bytes: int | None = None
    niceness: int = 10
    threads: int | None = 1

    def __post_init__(self) -> None:
        if self.address_space_bytes is not None and self.address_space_bytes < 1:
            raise SettingsError(f"reasoner: address_space_bytes must be at least 1, found {self.address_space_bytes}")
        if not 0 <= self.niceness <= 19:
            raise SettingsError(f"reasoner: niceness must lie in 0 to 19, found {self.niceness}")
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"reasoner: threads must be at least 1, found {self.threads}")

    def environment(self) -> dict[str, str]:
        """Variables for the process to start with."""
        return {} if self.threads is None else dict.fromkeys(THREAD_VARIABLES, str(self.threads))

    def apply(self) -> None:
        """Limit this very process; called in the child, before the reasoner is imported."""
        os.nice(self.niceness)
        with contextlib.suppress(OSError):  # another system, or a container that does not allow it: then without
            Path(LINUX_OOM_SCORE).write_text(FIRST_TO_GO, encoding="ascii")
        if self.address_space_bytes is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            wanted = self.address_space_bytes
            resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def die_with_parent(parent_pid: int) -> None:
    """Have Linux kill this process when its parent dies; elsewhere the end of the connection has to do.

    Linux counts the thread that started the child as the parent: with that thread over, nobody waits for answers either.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(0)  # it died before we asked
