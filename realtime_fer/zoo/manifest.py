"""The manifest of a model folder: everything the service must know before it opens the weights."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError

MANIFEST_NAME = "manifest.json"


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"expected a file inside the model's folder, found {name!r}")
    return name


FileName = Annotated[str, AfterValidator(_inside)]
"""Relative to the manifest; a name that leads out of the folder would have other files read, or published as weights."""


class Int8Weights(BaseModel):
    """The same network with 8-bit weights and activations, beside the float32 file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: FileName = Field(description="weights, relative to the manifest")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)
    calibrated_on: str = Field(description="the inputs that the activations' ranges were taken from")


class ModelFile(BaseModel):
    """One more file of a model folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: FileName = Field(description="relative to the manifest")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="what a user types")
    version: str
    file: FileName = Field(description="weights, relative to the manifest")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)
    licence: str = Field(description="SPDX identifier of the weights' licence")
    licence_note: str
    description: str
    trained_on: str
    int8: Int8Weights | None = None

    @property
    def further_files(self) -> tuple[ModelFile, ...]:
        """What else the folder must hold, besides the weights."""
        return ()


class CropContract(BaseModel):
    """How a face is cut for a classifier; part of the model, since accuracy hangs on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: int = Field(gt=0, description="side of the square crop the network takes")
    colour: Literal["grey", "rgb"]
    margin: float = Field(ge=-0.4, le=2.0, description="added on each side, as a share of the box's longer side")


class AbstentionPromise(BaseModel):
    """When the service says "unknown", and what that is worth; measured on faces held out of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unknown_below: float = Field(ge=0, le=1, description="a smaller best probability is published as unknown")
    answered_share: float = Field(ge=0, le=1, description="of the faces it was chosen on")
    max_error: float = Field(gt=0, lt=1, description="at most this share of the answered faces is wrong")
    certainty: float = Field(gt=0, lt=1, description="of that, over the draw of the faces")
    faces: int = Field(gt=0, description="how many it was chosen on")


class ExpressionManifest(_Manifest):
    """An expression classifier (ONNX)."""

    task: Literal["expression"]
    labels: tuple[str, ...] = Field(min_length=2)
    crop: CropContract
    temperature: float = Field(gt=0, description="logits are divided by it before the softmax (Guo et al., ICML 2017)")
    valence_arousal: Literal["predicted"] | None = None
    motion_mask: Literal["predicted"] | None = Field(None, description="a second output, where on the face it looks")
    system: Literal["emotion-gcn", "fmpn"] | None = Field(None, description="the published system that it is of")
    abstention: AbstentionPromise | None = None


class DetectorManifest(_Manifest):
    """A face detector (ONNX)."""

    task: Literal["face-detection"]
    head: Literal["yolov8"]
    keypoints: Literal[0, 5]
    stride: int = Field(gt=0)
    long_side_px: int = Field(gt=0, description="input size the thresholds were chosen for")
    confidence_threshold: float = Field(gt=0, lt=1)
    iou_threshold: float = Field(gt=0, lt=1)


class ChainManifest(_Manifest):
    """A vision-language model that answers Chain-of-Affect's questions; `file` is its ONNX network for the face."""

    task: Literal["chain-of-affect"]
    labels: tuple[str, ...] = Field(min_length=2, description="what the first question offers")
    none: str = Field(description="what the second question offers besides, for a face that shows nothing else")
    crop: CropContract
    temperatures: tuple[float, float] = Field(description="of the first and the second answer's distribution")
    max_tokens: int = Field(gt=0, description="of one text, the face's vectors counted")
    language: ModelFile = Field(description="its ONNX network for words")
    tokenizer: ModelFile
    torch_form: tuple[ModelFile, ...] = Field(description="the same weights for transformers")

    @property
    def further_files(self) -> tuple[ModelFile, ...]:
        return (self.language, self.tokenizer, *self.torch_form)


class CheckpointManifest(_Manifest):
    """Imported weights of a published vision-language system, for torch; `file` is the largest."""

    task: Literal["checkpoint"]
    system: Literal["chain-of-affect", "expllm", "exp-blip"] = Field(description="the reasoner that reads them")
    needs: tuple[str, ...] = Field(description="published weights that it cannot do without, by their names in the catalogue")
    made_from: tuple[ModelFile, ...] = Field(description="the published files, as they were when imported")
    files: tuple[ModelFile, ...] = Field(description="all others of the folder")

    @property
    def further_files(self) -> tuple[ModelFile, ...]:
        return self.files


AnyManifest = ExpressionManifest | DetectorManifest | ChainManifest | CheckpointManifest
Manifest = Annotated[AnyManifest, Field(discriminator="task")]
_ADAPTER: TypeAdapter[AnyManifest] = TypeAdapter(Manifest)


def read_manifest(folder: Path) -> AnyManifest:
    """Read `folder/manifest.json`.

    Raises:
        ModelNotFoundError: there is none.
        ModelCorruptError: it is not JSON, or a field is missing or wrong; the message names the field.
    """
    path = folder / MANIFEST_NAME
    try:
        return _ADAPTER.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelNotFoundError(f"{path}: expected a model manifest, found none ({error.strerror})") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelCorruptError(f"{path}: not JSON ({error}); restore the file or the whole model folder") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "(the whole)"
        raise ModelCorruptError(
            f"{path}: field {where}: {first['msg']} (found {first.get('input')!r:.60}); restore the file or the "
            f"whole model folder"
        ) from error
