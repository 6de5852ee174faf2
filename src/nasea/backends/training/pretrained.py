"""Pre-trained weights: slots of the supernet and tensors of PreNet, by name."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.user.module import CLASSIFICATION_MODULE, FILE_NAME, MODULE_NAME
from nasea.errors import CheckpointError

Arrays = Mapping[str, np.ndarray[Any, Any]]

SLOT, PRE_NET = "slot:", "PreNet:"
"""Prefixes of the tensor names."""


@dataclass(frozen=True)
class LoadedPretrained:
    """The tensors that were loaded from a file of pre-trained weights.

    Attributes:
        loaded: names of the loaded tensors.
        unfit: descriptions of tensors in the file that this network lacks or has in another shape.
        missing: names of tensors of this network that the file lacks.
    """

    loaded: tuple[str, ...]
    unfit: tuple[str, ...]
    missing: tuple[str, ...]


def classification_module(
    directory: Path, load: Callable[[str], Any], own: Callable[[Any], Any]
) -> tuple[Any, str]:
    """Open ``user_module_cls.py``, or else a module of nasea's own around the user's PreNet.

    Args:
        directory: the directory of ``user_module.py``.
        load: imports a module of that directory by name.
        own: makes a classification module around a PreNet.

    Returns:
        The module, and the name of the user's file that it comes from.
    """
    if (directory / f"{CLASSIFICATION_MODULE}.py").is_file():
        return load(CLASSIFICATION_MODULE), f"{CLASSIFICATION_MODULE}.py"
    return own(load(MODULE_NAME).PreNet), FILE_NAME


def pack(arrays: Arrays) -> bytes:
    """Serialise arrays by name."""
    buffer = io.BytesIO()
    np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(packed: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """Invert :func:`pack`; never unpickles, so no code in the bytes can run.

    Raises:
        CheckpointError: the bytes are not from :func:`pack`.
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
    """Select the tensors whose name and shape are wanted.

    Args:
        offered: tensors by name.
        wanted: shapes by name.

    Returns:
        The tensors that fit, and a summary of all.
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
