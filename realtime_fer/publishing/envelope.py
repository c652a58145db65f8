"""What every message is made of: its envelope, its base, and numbers that say what they may be."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
SignedUnit = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
BoxXyxy = tuple[Finite, Finite, Finite, Finite]
PointXy = tuple[Finite, Finite]
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class WireModel(BaseModel):
    """Frozen; unknown fields are ignored, so that an older reader understands a newer minor version."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)


class Envelope(WireModel):
    """What every message carries, whatever its kind."""

    schema_version: str = Field(pattern=r"^\d+\.\d+$", description='"major.minor" of this schema.')
    kind: str = Field(description="Which message this is.")
    topic: str = Field(pattern=r"^[^ ]+$", description="The topic it was published on; also the prefix of the ZeroMQ message.")
    sequence: Count = Field(description="Counts the messages of this topic in this run of the publisher, from 0, without gaps.")
    publisher_id: str = Field(min_length=1, description="Random per run of the publisher: another value means a restart.")
    published_unix_ns: Count = Field(description="When it was published, nanoseconds since 1970-01-01 UTC.")
    published_monotonic_ns: Count = Field(description="The same moment on the machine's monotonic clock, nanoseconds.")


class CaptureStamps(WireModel):
    """Which frame of which source, and when it was grabbed."""

    source: str = Field(description="Name of the source, credentials removed.")
    frame_id: Count = Field(description="Counts every frame the source delivered, from 0, dropped ones included.")
    capture_unix_ns: Count = Field(description="When it was grabbed, nanoseconds since 1970-01-01 UTC.")
    capture_monotonic_ns: Count = Field(description="The same moment on the machine's monotonic clock, nanoseconds.")


class LatencyHealth(WireModel):
    """Percentiles over recent frames or answers, milliseconds."""

    p50: Milliseconds
    p95: Milliseconds
    p99: Milliseconds
