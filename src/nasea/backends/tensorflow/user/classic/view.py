"""Shows the user's files the TensorFlow they expect: a known version, one Keras under all names.

Files written for an earlier TensorFlow may branch on ``tf.__version__``, and import layers from
``tensorflow.python.keras`` or ``keras``, which were tf.keras then and are other packages now. The
file of the code that reads an attribute decides what it sees: libraries see the real values.
Generated model files carry this module's functions verbatim, so they need nothing but TensorFlow.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def shown_to_asker(shown: dict[str, Any]) -> Any:
    """Return what the calling file sees, by folder; ``None`` for the real value."""
    asker = sys._getframe(2).f_globals
    file, package = str(asker.get("__file__")), str(asker.get("__name__")).split(".")[0]
    if "site-packages" in file or package == "nasea":
        return None
    return next((value for folder, value in shown.items() if file.startswith(folder)), None)


def show_version(folder: str, version: str) -> None:
    """Make files below ``folder`` see this version of TensorFlow."""
    for module, name in ((tf, "__version__"), (tf.version, "VERSION")):
        show_attribute(module, name, folder, version)


def show_attribute(module: types.ModuleType, name: str, folder: str, value: object) -> None:
    """Make files below ``folder`` see another value in a module."""
    key = f"shown {name}"
    if key not in vars(type(module)):
        truth, shown = vars(module)[name], dict[str, Any]()

        def look(_: types.ModuleType) -> Any:
            found = shown_to_asker(shown)
            return truth if found is None else found

        members = {key: shown, name: property(look)}
        module.__class__ = type("Shown", (type(module),), members)
    vars(type(module))[key][folder] = value


def show_keras(folder: str, names: Sequence[str]) -> None:
    """Make files below ``folder`` find tf.keras under other names.

    Args:
        folder: the folder of the files.
        names: modules they import, e.g. ``tensorflow.python.keras.layers``.
    """
    for name in names:
        root = "keras" if name.split(".")[0] == "keras" else "tensorflow.python.keras"
        try:
            module = importlib.import_module(name)
        except ImportError:  # of an earlier Keras
            module = sys.modules[name] = types.ModuleType(name)
        stand_in(module, counterparts(name.removeprefix(root).strip(".")), folder)
        if root != "keras":
            python = importlib.import_module("tensorflow.python")
            show_attribute(python, "keras", folder, tf.keras)


def counterparts(name: str) -> list[Any]:
    """Return the modules of tf.keras that replace a module of an earlier Keras."""
    api: Any = tf.keras
    for part in filter(None, name.split(".")):
        api = getattr(api, part, None)
    found = [] if api is None else [api]
    package = tf.keras.Model.__module__.split(".")[0]
    if name:
        try:
            found.append(importlib.import_module(f"{package}.src.{name}"))
        except ImportError:
            found.append(tf.keras.layers)  # keras.engine.topology had Layer and InputSpec
    return found


def stand_in(module: types.ModuleType, others: Sequence[Any], folder: str) -> None:
    """Make files below ``folder`` find the names of other modules in a module."""
    kind: Any = type(module)
    if "standing in" not in vars(kind):
        shown: dict[str, Any] = {}

        def find(self: types.ModuleType, name: str) -> Any:
            asked = None if name.startswith("__") else shown_to_asker(shown)
            for other in asked or ():
                if hasattr(other, name):
                    return getattr(other, name)
            return types.ModuleType.__getattribute__(self, name)

        members = {"standing in": shown, "__getattribute__": find}
        kind = module.__class__ = type("Shown", (kind,), members)
    vars(kind)["standing in"][folder] = tuple(others)
