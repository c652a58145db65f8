"""The wire schema as JSON Schema, for programs in other languages.

python -m realtime_fer.publishing.schema        writes the file in the package anew, after a change to message.py
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from realtime_fer.publishing.message import SCHEMA_VERSION, Message

_MAJOR = SCHEMA_VERSION.partition(".")[0]
SCHEMA_FILE = f"schema/realtime-fer-{_MAJOR}.schema.json"
"""Within this package."""


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every message kind, made from the models."""
    adapter: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
    # As they are sent: every field is there, also those that readers can do without since older publishers do not know them.
    schema = adapter.json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"realtime-fer messages, version {SCHEMA_VERSION}",
        "description": "The payload of one ZeroMQ message `topic SP payload`. Ignore fields and kinds you do not know.",
        **schema,
    }


def schema_text() -> str:
    """The schema as it lies in the file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def packaged_schema() -> str:
    """The text of the schema file that came with the package."""
    return resources.files(__package__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


if __name__ == "__main__":
    Path(__file__).with_name("schema").joinpath(Path(SCHEMA_FILE).name).write_text(schema_text(), encoding="utf-8")
