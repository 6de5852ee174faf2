"""Shortens the error messages of TensorFlow and Keras to what concerns the user.

They contain whole tracebacks, names of internal nodes and the arguments of layers. Only the frames
of the user's files and the actual error are kept.
"""

from __future__ import annotations

import re
from pathlib import Path

import tensorflow as tf

from nasea.backends.user.module import is_user_file

_CALLING = re.compile(
    r"Exception encountered when calling layer .*? \(type [^)]*\)\.\s*"
    r"(?P<text>.*?)\s*Call arguments received by layer .*",
    re.DOTALL,
)
_NODES = re.compile(r"\{\{function_node [^}]*\}\} ?| ?\[\[\{\{node .*?\}\}\]\]| ?\[Op:[^\]]*\].*")
_FRAME = re.compile(r'^(?P<indent>\s*)File "(?P<file>[^"]+)", line \d+')
_HEADINGS = (
    "Detected at node",
    "Graph execution error:",
    "in user code:",
    "Stack trace for op definition",
)


def in_short(text: str, directory: Path) -> str:
    """Return the text of an error with the frames of files below ``directory`` only."""
    text = _NODES.sub("", _CALLING.sub(r"\g<text>", text))
    kept: list[str] = []
    dropped: int | None = None  # indentation of the frame being left out
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        frame = _FRAME.match(line)
        if frame:
            dropped = None if is_user_file(frame["file"], directory) else indent
        elif line.strip() and dropped is not None and indent <= dropped:
            dropped = None
        if dropped is None and line.strip() and not line.strip().startswith(_HEADINGS):
            kept.append(line)
    return "\n".join(kept)


_OF_TENSORFLOW_1 = re.compile(r"module 'tensorflow' has no attribute '(\w+)'")
_NO_GRADIENT = re.compile(r"No gradient defined for operation ?'[^']*' \(op type: (\w+)\)")


def advice(text: str) -> str | None:
    """Return a fix for an error of TensorFlow whose text names none; ``None`` if unknown."""
    found = _OF_TENSORFLOW_1.search(text)
    if found is not None and hasattr(tf.compat.v1, found.group(1)):
        name = found.group(1)
        return f"tf.{name} belongs to TensorFlow 1; TensorFlow 2 has it as tf.compat.v1.{name}"
    found = _NO_GRADIENT.search(text)
    if found is None:
        return None
    return (
        f"TensorFlow has no gradient for {found.group(1)}: use it before the first layer with "
        "weights, or on tf.stop_gradient(x)"
    )
