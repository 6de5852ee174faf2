"""A private random state for a part of the user's code."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from tensorflow.python.eager import context

from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.user.random_draws import Draws

_State = tuple[Any, Any, Any, Any]


class PrivateDraws:
    """States of the global generators that hold only inside ``with draws.entered()``.

    A Python generator draws random numbers whenever its next batch is requested. Inside, its own
    state continues; outside, losses and metrics find theirs unchanged. So the batches of an epoch
    depend on its seed only. Eager draws of TensorFlow use a key, as in ``user/random_draws.py``:
    with a seed for each call TensorFlow would keep a kernel for each.

    Args:
        seed: initial seed.
    """

    def __init__(self, *seed: int) -> None:
        self._seed = seed
        self._own: _State | None = None
        self._draws = Draws(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        self._entered = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Use these states in Python's, NumPy's and TensorFlow's global generators."""
        before = _state()
        if self._own is None:
            seed_everything(*self._seed)
        else:
            _put(self._own)
        self._draws.begin(0, self._entered)
        self._entered += 1
        try:
            with self._draws.tied(0, eagerly=True):
                yield
        finally:
            self._own = _state()
            _put(before)


def _state() -> _State:
    eager = context.context()
    return random.getstate(), np.random.get_state(), eager._seed, eager._rng


def _put(state: _State) -> None:
    eager = context.context()
    python, numpy, eager._seed, eager._rng = state
    random.setstate(python)
    np.random.set_state(numpy)
