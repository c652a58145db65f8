"""Open an ONNX file as a session that shares a robot's computer politely and fails with our own errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError, missing_extra

if TYPE_CHECKING:
    import onnxruntime

DEFAULT_PROVIDERS = ("CPUExecutionProvider",)
"""A GPU is used only where somebody asked for it."""

# What ONNX Runtime logs, it also raises; 4 keeps only the raised one.
LOG_ONLY_FATAL = 4

# A session that waits by spinning takes a core from everything else on the machine.
NO_SPINNING = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}

# Error texts of other libraries run over many lines; this much of them says what is wrong.
CAUSE_CHARACTERS = 200


def available_providers() -> tuple[str, ...]:
    """Names of the execution providers that the installed ONNX Runtime was built with, its favourite first.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
    """
    return tuple(str(name) for name in _import_onnxruntime().get_available_providers())


def open_session(
    path: Path, *, intra_op_threads: int = 1, providers: Sequence[str] | None = None
) -> onnxruntime.InferenceSession:
    """A session on one ONNX file.

    One operator runs at a time; `intra_op_threads` share it. One thread keeps the tail of the latency short on
    a machine that does other work as well.

    Args:
        path: the ONNX file.
        intra_op_threads: threads inside one operator, at least 1.
        providers: execution providers in order of preference, by ONNX Runtime's names; None means the CPU. The
            first one must really be in use at the end: there is no silent fall-back from a GPU to the CPU.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ModelNotFoundError: there is no file at `path`.
        ModelCorruptError: the file is not a model that ONNX Runtime can read.
        ModelError: a provider is not available, or `intra_op_threads` is below 1.
    """
    onnxruntime = _import_onnxruntime()
    if intra_op_threads < 1:
        raise ModelError(f"{path}: intra_op_threads must be at least 1, found {intra_op_threads}")
    wanted = tuple(providers) if providers else DEFAULT_PROVIDERS
    available = available_providers()
    absent = [name for name in wanted if name not in available]
    if absent:
        raise ModelError(
            f"execution provider {', '.join(absent)} is not available; this onnxruntime has {', '.join(available)} "
            '(a GPU needs: pip install "realtime-fer[gpu]")'
        )
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: no such model file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_op_threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = LOG_ONLY_FATAL
    for key, value in NO_SPINNING.items():
        options.add_session_config_entry(key, value)
    try:
        session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=list(wanted))
    except Exception as error:  # its exceptions have no common base class of their own
        raise ModelCorruptError(
            f"{path}: ONNX Runtime cannot read it as a model ({_first_line(error)}); fetch or export the file again"
        ) from error
    used = session.get_providers()
    if wanted[0] not in used:
        raise ModelError(
            f"{path}: asked for {wanted[0]}, but ONNX Runtime fell back to {', '.join(used)}; are its drivers installed?"
        )
    return session


def run_session(
    session: onnxruntime.InferenceSession, output_names: Sequence[str] | None, feed: dict[str, Any], what: str
) -> list[Any]:
    """Run once and translate a refusal of the inputs.

    For the warm-up run of a model kind; on every frame `session.run` itself is called.

    Args:
        output_names: which outputs, None for all.
        feed: arrays by input name.
        what: the model's name or path, for the message.

    Raises:
        ModelShapeError: the network does not run on these inputs.
    """
    try:
        outputs: list[Any] = session.run(output_names, feed)
    except Exception as error:  # see open_session
        shapes = ", ".join(f"{name} {tuple(array.shape)}" for name, array in feed.items())
        raise ModelShapeError(f"{what}: the network does not run on {shapes} ({_first_line(error)})") from error
    return outputs


def _import_onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_extra("running ONNX models", "cpu", error) from error
    return onnxruntime


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= CAUSE_CHARACTERS else f"{text[:CAUSE_CHARACTERS]}..."
