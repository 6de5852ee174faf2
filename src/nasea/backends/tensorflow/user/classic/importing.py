"""Imports the user's files so that they see the TensorFlow that they were written for."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import tensorflow as tf

from nasea.backends.tensorflow.environment import keras_release
from nasea.backends.tensorflow.user.classic.versions import Expected, expected
from nasea.backends.tensorflow.user.classic.view import show_keras, show_version
from nasea.backends.tensorflow.user.messages import advice
from nasea.backends.user.module import MODULE_NAME, import_user_module
from nasea.errors import Notice, UserCodeError


def import_classic(
    directory: Path, name: str = MODULE_NAME, anew: bool = True
) -> tuple[ModuleType, Expected]:
    """Import a user's module; see :func:`nasea.backends.user.module.import_user_module`.

    Returns:
        The module; what it and the files it imports expect, which they see from now on.
    """
    found = expected(directory, tf.__version__, name)
    folder = f"{directory}{os.sep}"
    if found.version is not None:
        show_version(folder, found.version)
    if found.keras and keras_release(tf).startswith("2."):
        show_keras(folder, found.keras)
    try:
        return import_user_module(directory, name, anew), found
    except UserCodeError as error:
        raise with_fix(error, found) from error.__cause__


def notices_of(found: Expected) -> list[Notice]:
    """Return notices of what the user's files see."""
    notices = []
    if found.version is not None:
        text = (
            f"it branches on the version of TensorFlow and has no branch for {tf.__version__}: "
            f"your files see tf.__version__ == {found.version!r}"
        )
        notices.append(Notice(found.places[0], text))
    if found.keras and keras_release(tf).startswith("2."):
        text = f"{', '.join(found.keras)} stand for tf.keras (Keras {keras_release(tf)}) there"
        notices.append(Notice("user_module.py", text))
    notices += [Notice(place, _as_text()) for place in found.as_text]
    return notices


def with_fix(error: UserCodeError, found: Expected) -> UserCodeError:
    """Add the likely cause to an error about a missing name or a failed assertion."""
    cause = error.__cause__
    missing = isinstance(cause, NameError | AttributeError | ImportError)
    if error.fix is not None or not (missing or isinstance(cause, AssertionError)):
        return error
    suspects = [one.place for one in found.suspects if one.explains(error.trace)]
    places, seen = suspects or found.places, found.version or tf.__version__
    fix = advice(error.trace)
    if fix is None and missing and places and not set(places) & set(found.as_text):
        fix = (
            f"{', '.join(places)}: no branch is for TensorFlow {tf.__version__}, and "
            f"tf.__version__ is {seen!r} for your files; add a branch for it, or an else"
        )
    if fix is None:
        fix = "; ".join(f"{place}: {_as_text()}" for place in found.as_text) or None
    return error if fix is None else UserCodeError(error.doing, error.trace, fix=fix)


def _as_text() -> str:
    return (
        f"versions are put in order as text or as decimals, where {tf.__version__} comes before "
        "2.3; compare numbers: tuple(map(int, tf.__version__.split('.')[:2])) >= (2, 3)"
    )
