"""Seeds and saves the global random generators of Python and NumPy, which user code draws from."""

from __future__ import annotations

import random
from typing import Any

import numpy as np


def seed_generators(*seed: int) -> int:
    """Seed both; return an integer derived from the seed for the framework's own generator."""
    state = np.random.SeedSequence(seed).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(int(state[1]))
    return int(state[2])


def generator_state() -> dict[str, Any]:
    """Return the state of both, in types that load without pickle."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(internal), gauss],
        "numpy": [str(name), [int(k) for k in keys], int(position), int(has_gauss), float(cached)],
    }


def set_generator_state(state: dict[str, Any]) -> None:
    """Restore what :func:`generator_state` returned."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
