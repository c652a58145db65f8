"""Reasoners that misbehave, for processes of their own. The track they are asked about decides what they do."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.request import ReasoningRequest

WELL, HANG, RAISE, DIE, EAT_MEMORY, GARBAGE, WRONG_TYPES, CHATTER, LIMITS, HANG_IN_NATIVE_CODE = range(1, 11)
"""Track ids, and what is done about them."""


class Misbehaving:
    """Answers well unless told otherwise."""

    name = "misbehaving"
    version = "0.1"

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        return _DEEDS.get(request.track_id, _answer_well)(request)


def misbehaving() -> Reasoner:
    return Misbehaving()


def slow_to_start(seconds: float) -> Reasoner:
    time.sleep(seconds)
    return Misbehaving()


def without_its_model() -> Reasoner:
    raise ModelNotFoundError("model 'nothing': not on the shelf")


def on_a_busy_device() -> Reasoner:
    raise RuntimeError("the device is busy")


def no_reasoner() -> object:
    return object()


def _answer_well(request: ReasoningRequest) -> ReasoningAnswer:
    """Tell what was asked, so that the test sees that it arrived whole."""
    text = (
        f"{request.crop_rgb.shape} {int(request.crop_rgb.astype(np.int64).sum())} {request.face_xyxy} "
        f"{dict(request.probabilities)} {request.reason.value} {request.frame_id} {request.capture_monotonic_ns}"
    )
    return _answer(text)


def _answer(text: str) -> ReasoningAnswer:
    steps = (ChainStep("primary", "Sadness", {"Sadness": 0.9, "Fear": 0.1}), ChainStep("secondary", "Fear"))
    return ReasoningAnswer(steps, "Sadly Fearful", text, Misbehaving.name, Misbehaving.version)


def _hang(_: ReasoningRequest) -> ReasoningAnswer:
    while True:
        time.sleep(3600)


def _hang_in_native_code(_: ReasoningRequest) -> ReasoningAnswer:
    """As a driver may: no other thread of this process runs meanwhile either, since the interpreter's lock is kept."""
    ctypes.PyDLL(None).sleep(3600)
    raise AssertionError("nobody waits for an hour")


def _raise(_: ReasoningRequest) -> ReasoningAnswer:
    raise ValueError("no face in there\nand a second line")


def _die(_: ReasoningRequest) -> ReasoningAnswer:
    print("something terrible", flush=True)
    os._exit(7)


def _eat_memory(_: ReasoningRequest) -> ReasoningAnswer:
    return _answer(str(np.empty(1 << 36, np.uint8).shape))


def _write_garbage(_: ReasoningRequest) -> ReasoningAnswer:
    os.write(int(sys.argv[1]), b"Loading checkpoint shards: 100%\n" * 10)
    return _answer("after garbage")


def _answer_with_wrong_types(_: ReasoningRequest) -> ReasoningAnswer:
    return ReasoningAnswer((ChainStep("primary", 17),), None, "text", "misbehaving", "0.1")  # type: ignore[arg-type]


def _chatter(_: ReasoningRequest) -> ReasoningAnswer:
    print("\x00\x00\x00\x02\x00\x00\x00\x00{}", flush=True)
    os.write(1, b"more of it\n")
    os.write(2, b"warning: " + b"x" * 200_000 + b"\n")
    return _answer("chattered")


def _tell_limits(_: ReasoningRequest) -> ReasoningAnswer:
    oom_score = Path("/proc/self/oom_score_adj")
    told = {
        "niceness": os.nice(0),
        "address_space": resource.getrlimit(resource.RLIMIT_AS)[0],
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "oom_score": oom_score.read_text(encoding="ascii").strip() if oom_score.exists() else None,
        "session": os.getsid(0) == os.getpid(),
        "torch": "torch" in sys.modules,
    }
    return _answer(repr(told))


_DEEDS: dict[int, Callable[[ReasoningRequest], ReasoningAnswer]] = {
    HANG: _hang,
    RAISE: _raise,
    DIE: _die,
    EAT_MEMORY: _eat_memory,
    GARBAGE: _write_garbage,
    WRONG_TYPES: _answer_with_wrong_types,
    CHATTER: _chatter,
    LIMITS: _tell_limits,
    HANG_IN_NATIVE_CODE: _hang_in_native_code,
}
