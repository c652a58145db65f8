"""What a server's refusal means, and what to do about it, in one line."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from realtime_fer.reasoning.openai_compatible.address import CHAT_PATH
from realtime_fer.reasoning.openai_compatible.api_key import ApiKey
from realtime_fer.reasoning.openai_compatible.connection import HttpReply

MAX_WORDS: Final = 200
"""Characters of a server's own words in a message."""

MAX_NAMES: Final = 10
"""Of models in a message."""


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


def server_words(body: bytes, key: ApiKey) -> str:
    """What a server says about its refusal: one line of printable characters, shortened, without the key."""
    text = body[: 64 * 1024].decode(errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return shown(str(found), key)


def shown(text: str, key: ApiKey, at_most: int = MAX_WORDS) -> str:
    """Text of a server as messages and terminals can bear it."""
    line = " ".join(key.hidden_in(text).split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= at_most else f"{line[:at_most]}..."


def model_names(body: bytes, key: ApiKey) -> list[str] | None:
    """The models that a server lists; None where this is no such list."""
    try:
        return [shown(model.id, key) for model in _Models.model_validate_json(body).data]
    except ValidationError:
        return None


def key_refused(status: int, words: str, key: ApiKey) -> str:
    """Status 401 or 403."""
    if key.variable is None:
        tried = "none was sent; name its environment variable with api_key_env"
    elif key.is_set:
        tried = f"is that of {key.variable} the right one, and allowed to use this model?"
    else:
        tried = f"none was sent; put one into the environment variable {key.variable}"
    return f"expected a key that it accepts, found {status} ({words}); {tried}"


def not_found(words: str, model: str, names: list[str] | None) -> str:
    """Status 404; `names` are the models it offers, None where it does not say."""
    if names is None:
        return f"expected {CHAT_PATH} there, found 404 ({words}); does base_url end as it should, usually in /v1?"
    if model in names:
        return f"expected an answer of model {model!r}, which it lists, found 404 ({words})"
    offered = ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")
    return f"expected model {model!r}, found that it offers {offered or 'none'}; set model to one of its own"


def redirected(reply: HttpReply, key: ApiKey) -> str:
    """Status 3xx. The key is for one server, and a question is sent nowhere else."""
    try:
        parts = urlsplit(reply.headers.get("location", ""))
        to = shown(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else parts.path, key)
    except ValueError:
        to = ""
    return (
        f"expected an answer, found a redirection to {to or 'nowhere'}, which is not followed; set base_url to the right server"
    )


def refused(status: int, words: str) -> str:
    """Any other status."""
    tried = {
        400: "; do model, max_tokens, constrain and extra_body suit it, and does the model take images?",
        413: "; send smaller pictures, see image_side and image_format",
        422: "; do constrain and extra_body suit it?",
    }.get(status, "")
    return f"expected an answer, found {status} ({words}){tried}"
