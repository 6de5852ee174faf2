"""Serialises a training state as bytes that load without running code."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import torch

from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.errors import CheckpointError


def pack(state: dict[str, Any]) -> bytes:
    """Serialise nested dicts, lists and tuples of tensors and plain values."""
    buffer = io.BytesIO()
    torch.save(_plain(state), buffer)
    return buffer.getvalue()


def unpack(packed: bytes) -> dict[str, Any]:
    """Invert :func:`pack`; tensors are loaded on the CPU.

    Raises:
        CheckpointError: the bytes are not from :func:`pack`, or contain code.
    """
    try:
        state = torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            "the training state holds something other than tensors and plain values; "
            "it is not loaded, since that could run code",
            fix="put back the checkpoint that nasea wrote, or start over with --restart",
        ) from error
    except Exception as error:
        raise CheckpointError(
            f"the training state cannot be read ({type(error).__name__})",
            fix="start over with --restart",
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError("the training state is not one", fix="start over with --restart")
    return state


def random_state() -> dict[str, Any]:
    """Return the state of the global random generators, in types that load without pickle."""
    return generator_state() | {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Restore what :func:`random_state` returned."""
    set_generator_state(state)
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def _plain(value: object) -> object:
    # A schedule that computes with NumPy leaves NumPy scalars in the optimiser's state.
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is dict:
        return {_plain(key): _plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)  # type: ignore[call-arg,attr-defined]
    return value
