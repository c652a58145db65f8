"""Every error this package raises on purpose.

    RealtimeFerError
    |-- SettingsError           a setting, flag, environment variable or profile that cannot be used
    |-- SourceError             something about where frames come from
    |   |-- SourceUnavailableError   it cannot be opened (no camera, no such file, refused connection)
    |   |-- SourceFormatError        it was opened but holds no readable picture
    |   `-- SourceLostError          it delivered frames and stopped doing so
    |-- ModelError              something about a model file
    |   |-- ModelNotFoundError       no model of that name, or its file is missing
    |   |-- ModelCorruptError        the file is not what its manifest says, or cannot be read
    |   `-- ModelShapeError          inputs or outputs have not the shape this model kind needs
    |-- ShapeError              an array has not the shape or type a function needs
    |-- PublishingError         a socket, endpoint or recording cannot be used
    |   `-- SecurityError            keys, allow-list or an unprotected bind
    |-- MessageError            a received message is not one of ours
    |-- ReasoningError          a reasoner cannot answer
    |-- MissingExtraError       an optional package is not installed
    `-- DatasetError            a folder of training or evaluation data lacks something

Messages name the thing, what was expected, what was found and what to try, in one line. Exceptions of other
libraries are translated where they are called and stay attached as the cause.
"""

from __future__ import annotations


class RealtimeFerError(Exception):
    """Base of every error raised on purpose by this package."""


class SettingsError(RealtimeFerError):
    """A setting, flag, environment variable or profile cannot be used; the message names key and value."""


class SourceError(RealtimeFerError):
    """Something about where frames come from."""


class SourceUnavailableError(SourceError):
    """The source cannot be opened."""


class SourceFormatError(SourceError):
    """The source was opened but holds no readable picture."""


class SourceLostError(SourceError):
    """The source delivered frames and stopped doing so."""


class ModelError(RealtimeFerError):
    """Something about a model file."""


class ModelNotFoundError(ModelError):
    """There is no model of that name, or its file is missing."""


class ModelCorruptError(ModelError):
    """A model file is not what its manifest says, or cannot be read at all."""


class ModelShapeError(ModelError):
    """A model's inputs or outputs have not the shape its kind needs."""


class ShapeError(RealtimeFerError, ValueError):
    """An array has not the shape, type or range a function needs."""


class PublishingError(RealtimeFerError):
    """A socket, endpoint or recording cannot be used."""


class SecurityError(PublishingError):
    """Keys, the client allow-list, or an unprotected bind."""


class MessageError(RealtimeFerError):
    """A received message is not one of ours, or of a schema version this reader does not know."""


class DatasetError(RealtimeFerError):
    """A folder of training or evaluation data lacks something."""


class ReasoningError(RealtimeFerError):
    """A reasoner cannot answer; the message says why and what to try."""


class MissingExtraError(RealtimeFerError, ImportError):
    """An optional package is not installed; the message says which command installs it."""


def missing_extra(feature: str, extra: str, cause: ImportError) -> MissingExtraError:
    """The error for a feature whose optional packages are absent.

    Args:
        feature: what the user wanted, as the subject of a sentence ("reading .pt weights").
        extra: name of the extra in pyproject.toml that brings the packages.
        cause: the failed import; its message names the package.
    """
    return MissingExtraError(
        f'{feature} needs packages that are not installed ({cause}); try: pip install "realtime-fer[{extra}]"'
    )
