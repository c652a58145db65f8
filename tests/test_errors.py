from __future__ import annotations

import inspect

from realtime_fer import errors
from realtime_fer.errors import RealtimeFerError, missing_extra


def test_the_drawn_tree_is_the_real_one() -> None:
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
    assert all(issubclass(value, RealtimeFerError) for value in classes)
    assert errors.__doc__ is not None
    for value in classes:
        assert value.__name__ in errors.__doc__


def test_missing_extra_names_feature_package_and_command() -> None:
    error = missing_extra("reading .pt weights", "yolo", ImportError("No module named 'ultralytics'"))
    assert isinstance(error, ImportError)
    assert "reading .pt weights" in str(error)
    assert "No module named 'ultralytics'" in str(error)
    assert 'pip install "realtime-fer[yolo]"' in str(error)
