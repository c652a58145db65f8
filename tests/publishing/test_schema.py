from __future__ import annotations

import json

from realtime_fer.publishing.message import MESSAGE_KINDS
from realtime_fer.publishing.schema import packaged_schema, schema_text


def test_the_schema_file_is_true() -> None:
    assert packaged_schema() == schema_text(), "message.py has changed; run: python -m realtime_fer.publishing.schema"


def test_the_schema_has_every_kind_and_is_open_to_new_fields() -> None:
    schema = json.loads(schema_text())
    assert set(schema["discriminator"]["mapping"]) == set(MESSAGE_KINDS)
    for definition in schema["$defs"].values():
        assert definition.get("additionalProperties", True) is True
        assert set(definition["required"]) == set(definition["properties"])


def test_fields_explain_themselves_with_units() -> None:
    face = json.loads(schema_text())["$defs"]["FaceMessage"]["properties"]
    assert "pixels of the captured frame" in face["bbox_xyxy"]["description"]
    assert all("description" in field or "$ref" in field for field in face.values())
