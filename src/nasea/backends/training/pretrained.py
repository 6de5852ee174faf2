"""Weights from pre-training: slots of the supernet and tensors of PreNet, by name."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasea.errors import CheckpointError

Arrays = Mapping[str, np.ndarray[Any, Any]]

SLOT, PRE_NET = "slot:", "PreNet:"
"""What the name of a tensor begins with."""


@dataclass(frozen=True)
class LoadedPretrained:
    """Which tensors of a file of pre-trained weights were loaded.

    Attributes:
        loaded: names of the tensors that were taken over.
        unfit: what the file has and this network has not, or in another shape, each in words.
        missing: names of what this network has and the file has not.
    """

    loaded: tuple[str, ...]
    unfit: tuple[str, ...]
    missing: tuple[str, ...]


def pack(arrays: Arrays) -> bytes:
    """The bytes of arrays by name."""
    buffer = io.BytesIO()
    np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(packed: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The inverse of :func:`pack`; runs no code that the bytes might carry.

    Raises:
        CheckpointError: the bytes are something else.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise TypeError("an archive of other files")
        return arrays
    except Exception as error:
        raise CheckpointError(
            f"the pre-trained weights cannot be read ({type(error).__name__}); nothing in them is "
            "run",
            fix="put back the checkpoint that nasea wrote",
        ) from error


def match(
    offered: Arrays, wanted: Mapping[str, Sequence[int]]
) -> tuple[dict[str, np.ndarray[Any, Any]], LoadedPretrained]:
    """Which of the tensors offered fit.

    Args:
        offered: tensors by name.
        wanted: shapes by name.

    Returns:
        Those that fit, and the account of all.
    """
    fit: dict[str, np.ndarray[Any, Any]] = {}
    unfit = []
    for name, array in offered.items():
        if name not in wanted:
            unfit.append(f"{name}: not in this network")
        elif tuple(array.shape) != tuple(wanted[name]):
            unfit.append(f"{name}: {_shape(array.shape)}, here {_shape(wanted[name])}")
        else:
            fit[name] = array
    missing = tuple(name for name in wanted if name not in offered)
    return fit, LoadedPretrained(tuple(fit), tuple(unfit), missing)


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a number"
