"""Serialises a training state as bytes that load without running code."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nasea.errors import CheckpointError

Arrays = dict[str, np.ndarray[Any, Any]]
_PLAIN = "plain.json"


def pack(arrays: Mapping[str, np.ndarray[Any, Any]], plain: Mapping[str, Any]) -> bytes:
    """Serialise arrays by name, and plain values as JSON."""
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
    np.savez(buffer, **{_PLAIN: text}, **{f"array:{name}": a for name, a in arrays.items()})  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(packed: bytes) -> tuple[Arrays, dict[str, Any]]:
    """Invert :func:`pack`.

    Raises:
        CheckpointError: the bytes are not from :func:`pack`, or contain code.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            content = {name: stored[name] for name in stored.files}
        plain = json.loads(content.pop(_PLAIN).tobytes())
        return {name.removeprefix("array:"): value for name, value in content.items()}, plain
    except Exception as error:
        raise CheckpointError(
            f"the training state cannot be read ({type(error).__name__}); nothing in it is run",
            fix="put back the checkpoint that nasea wrote, or start over with --restart",
        ) from error
