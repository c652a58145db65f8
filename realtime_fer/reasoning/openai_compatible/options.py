"""What can be set about a reasoner on a server, and its checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.answer_label import Matching
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_COMPOUND
from realtime_fer.reasoning.openai_compatible.picture import ImageFormat
from realtime_fer.reasoning.openai_compatible.question import RESERVED, Constraint

_SHOWN = (str, int, float, bool, type(None))
"""Types of values that a message repeats."""


def _changes_nothing_reserved(extra: dict[str, Any]) -> dict[str, Any]:
    if reserved := RESERVED & extra.keys():
        raise ValueError(f"expected none of {', '.join(sorted(RESERVED))}, found {', '.join(sorted(reserved))}")
    return extra


class ServerOptions(BaseModel):
    """Options of `factory.build`.

    Attributes:
        base_url: what stands before /chat/completions, for instance http://127.0.0.1:8000/v1.
        model: its name on the server; answers carry it as the model's name.
        version: which weights, for answers, since a server does not tell.
        api_key_env: the environment variable with the key; where it is not set, none is sent. None never sends one.
        send_key_unencrypted: allow a key over http:// to another machine.
        ca_file: certificates of the authorities to trust, PEM; None for those this machine trusts.
        variant: name in `chain_of_affect.variants.VARIANTS`: the wording of the first question. Tiles and tokens of the
            published ways are the server's to set.
        neutral_hint: end the second question with the hint that it may be Neutral.
        second_after_neutral, min_second_probability, matching: see `ChainRules`.
        face_margin: see `ChainReasoner`.
        temperature, max_tokens, top_logprobs, constrain, extra_body: see `QuestionForm`.
        min_label_mass: see `ServerChainModel`.
        image_format, jpeg_quality, image_side: see `PictureForm`.
        timeout_s: for one attempt.
        deadline_s: for both questions about a face with all attempts; below the supervisor's time-out, so that the server's
            error is told instead of a killed process.
        retries: attempts after the first, for lost connections and passing faults.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str
    model: Annotated[str, Field(min_length=1)]
    version: str = "not stated"
    api_key_env: str | None = "OPENAI_API_KEY"
    send_key_unencrypted: bool = False
    ca_file: str | None = None
    variant: str = NOTEBOOK_COMPOUND.name
    neutral_hint: bool = False
    second_after_neutral: bool = False
    min_second_probability: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    matching: Matching = Matching.LENIENT
    face_margin: Annotated[float, Field(ge=0.0, le=10.0)] | None = 0.0
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 16
    top_logprobs: Annotated[int, Field(ge=0, le=100)] = 20
    min_label_mass: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    constrain: Constraint | None = None
    extra_body: Annotated[dict[str, Any], AfterValidator(_changes_nothing_reserved)] = Field(default_factory=dict)
    image_format: ImageFormat = "png"
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 95
    image_side: Annotated[int, Field(ge=32, le=8192)] | None = 1024
    timeout_s: Annotated[float, Field(gt=0.0, le=3600.0)] = 20.0
    deadline_s: Annotated[float, Field(gt=0.0, le=3600.0)] = 45.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ServerOptions:
        """Check options.

        Raises:
            SettingsError: one is missing, unknown or out of range; its value is not repeated where it may be a secret.
        """
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                raise SettingsError(
                    f"reasoner on a server: there is no option {name}, only {', '.join(cls.model_fields)}; a key is none "
                    "of them: put it into the environment variable that api_key_env names"
                ) from None
            found = f", found {first['input']!r}" if isinstance(first["input"], _SHOWN) and name in _HARMLESS else ""
            raise SettingsError(f"reasoner on a server: {name}: {first['msg']}{found}") from None


# A password or a key may have got into the others.
_HARMLESS = frozenset(ServerOptions.model_fields) - {"base_url", "api_key_env", "extra_body"}
