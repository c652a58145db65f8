"""Every setting of the service, one class a room; `settings_layers` says where their values come from.

Settings stop at the door: `pipeline.assemble` turns them into plain arguments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from realtime_fer.reasoning.choose import ReasonerName
from realtime_fer.zoo.precision import Precision

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5556"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _a_switch_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Pydantic would take `interval: true` for 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("switch", "expected another value than true or false")
        return value


class SourceSettings(_Section):
    """Where frames come from."""

    # A camera index is a number in YAML.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    spec: str = Field("0", description="camera index, /dev path, file, folder, URL or demo")
    every_frame: bool = Field(False, description="files: handle every frame instead of keeping real time")
    loop: bool = Field(False, description="files: begin again at the end")
    width: int | None = Field(None, gt=0, description="cameras: wanted width, pixels")
    height: int | None = Field(None, gt=0, description="cameras: wanted height, pixels")
    fps: float | None = Field(
        None, ge=0.001, le=10_000, description="wanted frames a second of a camera, or of a folder as a film"
    )
    wait: bool = Field(False, description="live sources: wait for one that is not there yet instead of failing")


class DetectorSettings(_Section):
    """How faces are found."""

    name: str = Field("yolov8n-face", description="a model name, a model folder, an .onnx or .pt file, or haar")
    long_side_px: int | None = Field(None, ge=32, le=4096, description="network input size; the model's own by default")
    confidence: float | None = Field(None, gt=0, lt=1, description="the model's own by default")
    iou: float | None = Field(None, gt=0, lt=1, description="overlap at which two boxes are one face")
    precision: Precision = Field("auto", description="fp32, int8, or auto: int8 where this processor is fast at it")
    interval: int = Field(1, ge=1, le=1000, description="look at every n-th frame; the tracker carries boxes between")
    threads: int = Field(1, ge=1, le=256, description="of one run; one keeps the tails on a busy machine")
    providers: tuple[str, ...] | None = Field(None, description="ONNX Runtime execution providers, best first")


class TrackerSettings(_Section):
    """How faces are followed."""

    low_confidence: float = Field(0.2, gt=0, lt=1, description="a detection this sure may continue a face")
    confirm_confidence: float = Field(0.6, gt=0, lt=1, description="a new face this sure is published at once")
    sightings: int = Field(3, ge=1, le=100, description="a new face less sure is published when seen so often")
    max_missed_s: float = Field(1.0, ge=0, le=60, description="a face unseen for longer gets a new id")
    report_missed_s: float = Field(0.4, ge=0, le=60, description="an unseen face is still reported for so long")


class ClassifierSettings(_Section):
    """How expressions are read."""

    name: str = Field("emotion-gcn-ferplus", description="a model name or a model folder")
    weights: Path | None = Field(None, description="of emotion-gcn or fmpn, whose weights are not shipped")
    smoothing_s: float = Field(0.25, ge=0, le=60, description="time constant of the smoothing; 0 is none")
    unknown_below: float | None = Field(
        None, ge=0, le=1, description="a smaller best probability is published as unknown; none is the model's own limit"
    )
    min_quality: float = Field(0.1, ge=0, le=1, description="a face seen less well is published as unknown")
    precision: Precision = Field("auto", description="fp32, int8, or auto: int8 where this processor is fast at it")
    threads: int = Field(1, ge=1, le=256)
    providers: tuple[str, ...] | None = None


class ReasoningSettings(_Section):
    """Who is asked about keyframes, how often, and what it may use of the machine."""

    name: ReasonerName = Field("none", description="who is asked; none asks nobody")
    factory: str | None = Field(None, description="a reasoner of one's own instead of a name: package.module:function")
    device: str | None = Field(None, description="where it runs: cpu, cuda, cuda:1; its own choice by default")
    options: dict[str, Any] = Field(default_factory=dict, description="keyword options of the reasoner")
    questions_per_s: float = Field(0.5, gt=0, le=1000, description="over all faces")
    burst: int = Field(2, ge=1, le=1000, description="questions that may come at once after a quiet time")
    refresh_s: float = Field(10.0, ge=0, description="after so long without a question about a face, one is asked anyway")
    min_interval_s: float = Field(1.0, ge=0, description="no two questions about one face within this time")
    changed_by: float = Field(0.4, ge=0, le=1, description="so far (total variation) from the last question is a change")
    uncertain_below: float = Field(0.5, ge=0, le=1, description="a smaller best probability is uncertain")
    mixed_from: float = Field(0.25, ge=0, le=1, description="two expressions with at least so much each are mixed")
    min_quality: float = Field(0.3, ge=0, le=1, description="a picture of a face seen less well is not sent")
    max_side_px: int = Field(1024, ge=32, le=4096, description="larger pictures are shrunk to this")
    answer_timeout_s: float = Field(60.0, gt=0, description="a reasoner that takes longer is killed and started anew")
    start_timeout_s: float = Field(120.0, gt=0, description="the same for loading its weights")
    max_failures: int | None = Field(6, ge=1, description="given up after so many failures in a row; none is never")
    niceness: int = Field(10, ge=0, le=19, description="how readily its process gives way to others")
    threads: int | None = Field(1, ge=1, le=256, description="of its numeric libraries; none is their own choice")
    memory_limit_mib: int | None = Field(None, ge=64, description="address space of its process; none where CUDA is used")
    finish_s: float = Field(10.0, ge=0, le=3600, description="at the end of a recording, wait so long for open questions")
    stale_after_s: float = Field(15.0, ge=0, description="window and video: an answer about an older moment is shown as stale")


class PublishSettings(_Section):
    """How results leave over ZeroMQ."""

    enabled: bool = True
    bind: str = Field(DEFAULT_ENDPOINT, description="tcp://address:port or ipc:///path")
    encoding: Literal["json", "msgpack"] = "json"
    high_water_mark: int = Field(1000, ge=1, description="messages kept for a slow subscriber before it loses some")
    conflate: bool = Field(False, description="keep only the newest message for a slow subscriber")
    server_key: Path | None = Field(None, description="secret key file of the service; turns CURVE on")
    allowed_clients: Path | None = Field(None, description="folder with the public keys of the clients let in")
    allow_insecure_bind: bool = Field(False, description="bind beyond this machine without CURVE")
    health_interval_s: float = Field(1.0, gt=0, le=60, description="time between health messages")


class OutputSettings(_Section):
    """What else is made of the results."""

    headless: bool = Field(False, description="no window")
    record: Path | None = Field(None, description="annotated video (.mp4, .avi or .mkv)")
    results: Path | None = Field(None, description="every frame message, one JSON line each")
    summary: Path | None = Field(None, description="counts and timings of the run, JSON")
    duration_s: float | None = Field(None, gt=0, description="stop after so long")


class ServiceSettings(_Section):
    """All of it."""

    source: SourceSettings = SourceSettings()  # type: ignore[call-arg]
    detector: DetectorSettings = DetectorSettings()  # type: ignore[call-arg]
    tracker: TrackerSettings = TrackerSettings()  # type: ignore[call-arg]
    classifier: ClassifierSettings = ClassifierSettings()  # type: ignore[call-arg]
    reasoning: ReasoningSettings = ReasoningSettings()  # type: ignore[call-arg]
    publish: PublishSettings = PublishSettings()  # type: ignore[call-arg]
    output: OutputSettings = OutputSettings()  # type: ignore[call-arg]
