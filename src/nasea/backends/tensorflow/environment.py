"""Importing TensorFlow: with the right Keras, quietly, or with the line that installs it.

What ``tf.keras`` is gets decided by a variable of the environment when TensorFlow is imported, so
this module stands before all others of the package and imports TensorFlow by name only.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from nasea.errors import NotAvailableError
from nasea.install import install_line

_LEGACY_KERAS = "TF_USE_LEGACY_KERAS"


def load_tensorflow(keras_version: int) -> ModuleType:
    """Import TensorFlow so that ``tf.keras`` is the Keras asked for.

    Args:
        keras_version: 2 (the package tf-keras) or 3.

    Raises:
        NotAvailableError: it is not installed, or this process has imported it with another Keras.
    """
    if "tensorflow" not in sys.modules:
        os.environ[_LEGACY_KERAS] = "1" if keras_version == 2 else "0"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors come as exceptions too
    try:
        with held_back():
            tensorflow = importlib.import_module("tensorflow")
            found = keras_release(tensorflow)
    except ImportError as error:
        what = str(error).strip().splitlines()[0]
        raise NotAvailableError(
            f"TensorFlow cannot be imported: {what}", fix=install_line("tensorflow")
        ) from error
    if int(found.split(".")[0]) != keras_version:
        raise NotAvailableError(
            f"strategy.keras_version is {keras_version}, but this process has imported TensorFlow "
            f"with Keras {found}",
            fix=f"start nasea in a process of its own, or set {_LEGACY_KERAS}="
            f"{1 if keras_version == 2 else 0} before TensorFlow is imported",
        )
    return tensorflow


def keras_release(tensorflow: ModuleType) -> str:
    """Version of the package that stands behind ``tf.keras``, which does not say it itself."""
    package = str(tensorflow.keras.Model.__module__).split(".")[0]  # tf_keras or keras
    return str(importlib.import_module(package).__version__)


@contextmanager
def held_back() -> Iterator[None]:
    """Keep what the libraries write to the error stream, past Python; show it when they fail."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no error stream to hold back
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            sink.seek(0)
            sys.stderr.write(sink.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
